/**
 * Writes and reads ONNX files: a small part of the schema, a builder for one graph, and a reader.
 *
 * Field numbers are those of `onnx.proto` (github.com/onnx/onnx, onnx/onnx.proto, IR version 8, which carries opset
 * 17). The encoding is deterministic: fields in the order of their numbers, nodes and initializers in the order they
 * were added.
 */
import protobuf from 'protobufjs';

const SCHEMA = `
syntax = "proto2";
package onnx;
message AttributeProto {
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  repeated int64 ints = 8;
  optional int32 type = 20;
}
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
  optional string domain = 7;
}
message ModelProto {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
}
message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional string name = 8;
  optional bytes raw_data = 9;
}
message TensorShapeProto { repeated Dimension dim = 1; }
message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
message TensorTypeProto { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
message TypeProto { optional TensorTypeProto tensor_type = 1; }
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
`;

const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** Numbers of `TensorProto.DataType`. */
const DATA_TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10 } as const;
const BYTES_PER_ELEMENT = { float32: 4, uint8: 1, int8: 1, int32: 4, int64: 8, float16: 2 } as const;

/** Element type of a tensor in a graph. */
export type ElementType = keyof typeof DATA_TYPES;

/** Numbers of `AttributeProto.AttributeType`. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

/**
 * The ONNX operators that the graphs of this build use.
 * Before adding one, check that onnxruntime-web's wasm and WebGPU backends run it well.
 */
const KNOWN_OPS: ReadonlySet<string> = new Set([
  'Add',
  'AveragePool',
  'Cast',
  'Conv',
  'DequantizeLinear',
  'Div',
  'Gemm',
  'GlobalAveragePool',
  'MatMul',
  'MaxPool',
  'Mul',
  'PRelu',
  'Pad',
  'QuantizeLinear',
  'ReduceMean',
  'Relu',
  'Reshape',
  'Sigmoid',
  'Sub',
  'Transpose',
]);

/**
 * onnxruntime's own integer layers (see its docs/ContribOperators.md).
 * Its graph optimizer makes them from QuantizeLinear and DequantizeLinear pairs.
 */
const CONTRIB_OPS: ReadonlySet<string> = new Set(['NhwcMaxPool', 'QLinearAdd', 'QLinearAveragePool', 'QLinearConv']);
const CONTRIB_DOMAIN = 'com.microsoft';

type Attributes = Readonly<Record<string, number | readonly number[]>>;

/**
 * Builds one graph of opset 17.
 * Tensors are referenced by name; every method that creates a tensor returns its name.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: object[] = [];
  readonly #initializers: object[] = [];
  readonly #inputs: object[] = [];
  readonly #outputs: object[] = [];
  readonly #names = new Set<string>();
  /** Versions of the operator sets. */
  readonly #domains = new Map([['', OPSET_VERSION]]);
  #unnamed = 0;

  /** @param name Name of the graph, only shown in viewers. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Adds a float32 input. Dimensions are sizes, or names where the size is dynamic. */
  input(name: string, shape: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(this.#claim(name), shape));
    return name;
  }

  /** Declares an existing float32 tensor as an output of the graph. */
  output(name: string, shape: readonly (number | string)[]): void {
    if (!this.#names.has(name))
      throw new Error(`Graph '${this.#name}' has no tensor '${name}'. Create it before declaring it as an output.`);
    this.#outputs.push(valueInfo(name, shape));
  }

  /** Adds a constant tensor from little-endian bytes. */
  constant(type: ElementType, shape: readonly number[], data: ArrayBufferView, name?: string): string {
    const elements = shape.reduce((product, side) => product * side, 1);
    if (data.byteLength !== elements * BYTES_PER_ELEMENT[type]) {
      const label = name ?? 'without name';
      throw new Error(`Constant ${label}: ${data.byteLength} bytes do not fill [${shape.join(', ')}] of ${type}.`);
    }
    const tensorName = this.#claim(name);
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.push({ dims: shape, data_type: DATA_TYPES[type], name: tensorName, raw_data: raw });
    return tensorName;
  }

  /** Adds a float32 constant; `shape` defaults to a vector of the given length. */
  floats(values: readonly number[] | Float32Array, shape: readonly number[] = [values.length], name?: string): string {
    return this.constant('float32', shape, Float32Array.from(values), name);
  }

  /** Adds an int64 vector, the type of shapes and paddings. */
  ints(values: readonly number[]): string {
    return this.constant(
      'int64',
      [values.length],
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  }

  /** Adds a node with one output. Throws on an operator outside the lists above. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}, name?: string): string {
    const isContrib = CONTRIB_OPS.has(op);
    if (!isContrib && !KNOWN_OPS.has(op)) {
      throw new Error(`Graph '${this.#name}' uses the unknown ONNX operator '${op}'. Add it to KNOWN_OPS in onnx.ts.`);
    }
    for (const input of inputs) {
      if (!this.#names.has(input)) {
        throw new Error(`Node '${op}' in graph '${this.#name}' reads '${input}', which no earlier node creates.`);
      }
    }
    const output = this.#claim(name);
    const attribute = Object.entries(attributes).map(([key, value]) =>
      typeof value === 'number'
        ? { name: key, i: value, type: ATTRIBUTE_INT }
        : { name: key, ints: value, type: ATTRIBUTE_INTS },
    );
    const node = { input: inputs, output: [output], op_type: op, attribute };
    this.#nodes.push(isContrib ? { ...node, domain: CONTRIB_DOMAIN } : node);
    if (isContrib) this.#domains.set(CONTRIB_DOMAIN, 1);
    return output;
  }

  /** Adds a `Cast` to float32. */
  toFloat(input: string): string {
    return this.node('Cast', [input], { to: DATA_TYPES.float32 });
  }

  /** Returns the bytes of the file. Equal calls return equal bytes. */
  encode(): Uint8Array {
    return modelType()
      .encode({
        ir_version: IR_VERSION,
        producer_name: 'inface',
        graph: {
          node: this.#nodes,
          name: this.#name,
          initializer: this.#initializers,
          input: this.#inputs,
          output: this.#outputs,
        },
        opset_import: [...this.#domains].map(([domain, version]) => ({ domain, version })),
      })
      .finish();
  }

  #claim(name: string | undefined): string {
    const claimed = name ?? `t${this.#unnamed++}`;
    if (this.#names.has(claimed)) throw new Error(`Graph '${this.#name}' has two tensors named '${claimed}'.`);
    this.#names.add(claimed);
    return claimed;
  }
}

function valueInfo(name: string, shape: readonly (number | string)[]): object {
  const dim = shape.map((side) => (typeof side === 'number' ? { dim_value: side } : { dim_param: side }));
  return { name, type: { tensor_type: { elem_type: DATA_TYPES.float32, shape: { dim } } } };
}

/** A node of a graph that was read. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Numbers and lists of integers; attributes of other types are left out. */
  readonly attributes: Attributes;
}

/** A float32 constant of a graph that was read. */
export interface OnnxConstant {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A graph that was read: its nodes in order, and its float32 constants by name. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxConstant>;
}

/** A decoded `ModelProto`, as protobufjs returns it with the options below. */
interface DecodedModel {
  readonly graph: {
    readonly node: readonly {
      readonly input: readonly string[];
      readonly output: readonly string[];
      readonly op_type: string;
      readonly attribute: readonly { name: string; f: number; i: number; ints: readonly number[]; type: number }[];
    }[];
    readonly initializer: readonly {
      readonly name: string;
      readonly dims: readonly number[];
      readonly data_type: number;
      readonly raw_data: Uint8Array;
    }[];
  };
}

/**
 * Reads a file.
 *
 * @throws When it is not an ONNX file, or a float32 constant is not stored as the raw bytes of its shape.
 */
export function readOnnx(file: Uint8Array): OnnxGraph {
  const type = modelType();
  const { graph } = type.toObject(type.decode(file), { longs: Number, defaults: true }) as DecodedModel;
  const nodes = graph.node.map(({ op_type: op, input: inputs, output: outputs, attribute }): OnnxNode => {
    const attributes: Record<string, number | readonly number[]> = {};
    for (const { name, f, i, ints, type } of attribute) {
      if (type === ATTRIBUTE_FLOAT) attributes[name] = f;
      if (type === ATTRIBUTE_INT) attributes[name] = i;
      if (type === ATTRIBUTE_INTS) attributes[name] = ints;
    }
    return { op, inputs, outputs, attributes };
  });
  const constants = new Map<string, OnnxConstant>();
  for (const { name, dims: shape, data_type: dataType, raw_data: raw } of graph.initializer) {
    if (dataType !== DATA_TYPES.float32) continue;
    if (raw.byteLength !== 4 * shape.reduce((product, side) => product * side, 1)) {
      throw new Error(`Constant '${name}' of the ONNX file does not fill [${shape.join(', ')}] with its raw bytes.`);
    }
    // Copied, so that it is aligned to 4 bytes.
    constants.set(name, { shape, data: new Float32Array(Uint8Array.from(raw).buffer) });
  }
  return { nodes, constants };
}

function modelType(): protobuf.Type {
  return protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('onnx.ModelProto');
}
