/**
 * Reads TensorFlow Lite files: the tensors and operators of their one graph.
 *
 * Field numbers are those of `schema.fbs` (github.com/tensorflow/tensorflow, tensorflow/compiler/mlir/lite/schema). Only
 * the operators below are known; the reader throws on any other.
 */
import { ByteBuffer } from 'flatbuffers';

/** A tensor; `data` is present if it is a float32 constant. */
export interface TfliteTensor {
  readonly shape: readonly number[];
  readonly data?: Float32Array;
}

/** An operator; inputs and outputs are indices of tensors. */
export interface TfliteOperator {
  readonly op: 'abs' | 'add' | 'conv' | 'depthwise-conv' | 'mul' | 'relu' | 'reshape' | 'sub';
  readonly inputs: readonly number[];
  readonly output: number;
  /** Present for the two convolutions. */
  readonly conv?: {
    readonly padding: 'same' | 'valid';
    /** Vertical and horizontal stride. */
    readonly strides: readonly [number, number];
  };
}

export interface TfliteGraph {
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  readonly input: number;
  readonly output: number;
}

/** The operators by their number in `BuiltinOperator`. */
const OPERATORS: Readonly<Record<number, TfliteOperator['op']>> = {
  0: 'add',
  3: 'conv',
  4: 'depthwise-conv',
  18: 'mul',
  19: 'relu',
  22: 'reshape',
  41: 'sub',
  101: 'abs',
};

/** Field of the options that holds the fused activation, by operator. */
const ACTIVATION_FIELDS: Readonly<Partial<Record<TfliteOperator['op'], number>>> = {
  add: 0,
  conv: 3,
  'depthwise-conv': 4,
  mul: 0,
  sub: 0,
};

/** Field of the options that holds the first of two dilations, by convolution. */
const DILATION_FIELDS = { conv: 4, 'depthwise-conv': 5 } as const;

const FLOAT32 = 0;

/**
 * Reads a file.
 *
 * @throws On another kind of file, on more than one graph, input or output, and on operators, fused activations and
 *   dilations that this build does not know.
 */
export function readTflite(file: Uint8Array): TfliteGraph {
  if (new TextDecoder().decode(file.subarray(4, 8)) !== 'TFL3') throw new Error('This is not a TensorFlow Lite file.');
  const buffer = new ByteBuffer(file);
  const model = new Table(buffer, buffer.readInt32(0));
  const codes = model.tables(1).map((code) => {
    // A newer field holds the numbers that do not fit into the older one.
    const number = Math.max(code.int8(0), code.int32(3));
    const op = OPERATORS[number];
    if (!op) throw new Error(`The TensorFlow Lite file uses operator ${number}, which this build cannot read.`);
    return op;
  });
  const graph = only(model.tables(2), 'graphs');
  const buffers = model.tables(4);
  return {
    tensors: graph.tables(0).map((tensor) => readTensor(tensor, buffers)),
    operators: graph.tables(3).map((operator) => readOperator(operator, codes)),
    input: only(graph.int32s(1), 'inputs'),
    output: only(graph.int32s(2), 'outputs'),
  };
}

function readTensor(tensor: Table, buffers: readonly Table[]): TfliteTensor {
  const shape = tensor.int32s(0);
  const bytes = buffers[tensor.int32(2)]?.bytes(0) ?? new Uint8Array();
  if (bytes.length === 0 || tensor.int8(1) !== FLOAT32) return { shape };
  // Copied, so that it is aligned to 4 bytes.
  const data = new Float32Array(Uint8Array.from(bytes).buffer);
  if (data.length !== shape.reduce((product, side) => product * side, 1)) {
    throw new Error(`A constant of the TensorFlow Lite file does not fill [${shape.join(', ')}].`);
  }
  return { shape, data };
}

function readOperator(operator: Table, codes: readonly TfliteOperator['op'][]): TfliteOperator {
  const op = codes[operator.int32(0)];
  if (!op) throw new Error('An operator of the TensorFlow Lite file has no code.');
  const options = operator.table(4);
  const activation = ACTIVATION_FIELDS[op];
  if (activation !== undefined && options && options.int8(activation) !== 0) {
    throw new Error(`An operator '${op}' of the TensorFlow Lite file has a fused activation.`);
  }
  const inputs = operator.int32s(1);
  const output = only(operator.int32s(2), 'outputs');
  if (op !== 'conv' && op !== 'depthwise-conv') return { op, inputs, output };
  if (!options) throw new Error('A convolution of the TensorFlow Lite file has no options.');
  const dilation = DILATION_FIELDS[op];
  if (options.int32(dilation, 1) !== 1 || options.int32(dilation + 1, 1) !== 1) {
    throw new Error('A convolution of the TensorFlow Lite file is dilated.');
  }
  const padding = options.int8(0) === 0 ? 'same' : 'valid';
  return { op, inputs, output, conv: { padding, strides: [options.int32(2), options.int32(1)] } };
}

function only<T>(items: readonly T[], name: string): T {
  const [first] = items;
  if (first === undefined || items.length !== 1) {
    throw new Error(`The TensorFlow Lite file has ${items.length} ${name} where 1 is expected.`);
  }
  return first;
}

/** A table of a flatbuffer. Fields are named by their index in the schema; an absent one reads as its default. */
class Table {
  readonly #buffer: ByteBuffer;
  readonly #position: number;

  constructor(buffer: ByteBuffer, position: number) {
    this.#buffer = buffer;
    this.#position = position;
  }

  int8(field: number): number {
    const at = this.#find(field);
    return at === 0 ? 0 : this.#buffer.readInt8(at);
  }

  int32(field: number, fallback = 0): number {
    const at = this.#find(field);
    return at === 0 ? fallback : this.#buffer.readInt32(at);
  }

  int32s(field: number): number[] {
    return this.#vector(field).map((at) => this.#buffer.readInt32(at));
  }

  bytes(field: number): Uint8Array {
    const at = this.#find(field);
    if (at === 0) return new Uint8Array();
    const start = this.#buffer.__vector(at);
    return this.#buffer.bytes().subarray(start, start + this.#buffer.__vector_len(at));
  }

  table(field: number): Table | null {
    const at = this.#find(field);
    return at === 0 ? null : new Table(this.#buffer, this.#buffer.__indirect(at));
  }

  tables(field: number): Table[] {
    return this.#vector(field).map((at) => new Table(this.#buffer, this.#buffer.__indirect(at)));
  }

  /** Returns the position of a field, or 0 if the table does not have it. */
  #find(field: number): number {
    const offset = this.#buffer.__offset(this.#position, 4 + 2 * field);
    return offset === 0 ? 0 : this.#position + offset;
  }

  /** Returns the position of each item of a vector of 4-byte items. */
  #vector(field: number): number[] {
    const at = this.#find(field);
    if (at === 0) return [];
    const start = this.#buffer.__vector(at);
    return Array.from({ length: this.#buffer.__vector_len(at) }, (_, i) => start + 4 * i);
  }
}
