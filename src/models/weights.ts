/**
 * Expands the weights of an ONNX file to float32.
 *
 * The graph optimizer of onnxruntime does that as well. It takes longer to compile, with conversions between all types, than the
 * model takes to run.
 */

/** Numbers of fields and types in onnx.proto (github.com/onnx/onnx). */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, initializer: 5 } as const;
const NODE = { input: 1, output: 2, type: 4, attribute: 5 } as const;
const ATTRIBUTE = { integer: 3 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 } as const;
const FLOAT32 = 1;
const INT8 = 3;
const FLOAT16 = 10;

/** A field of a protobuf message: a number or, if `content` is not empty, bytes. `whole` includes the tag. */
interface Field {
  readonly number: number;
  readonly value: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

interface Constant {
  readonly dims: Uint8Array;
  /** Length of the first dimension. Files that pack all dimensions into one field have another value here, and keep their scales. */
  readonly rows: number;
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Replaces weights that are stored as int8 or float16, and the nodes that convert and scale them. The results are the same to
 * the last bit.
 * @param file an ONNX file, which stays as it is
 */
export function expandWeights(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const expanded = readFields(file).map((field) =>
    field.number === MODEL.graph ? message(MODEL.graph, expandGraph(readFields(field.content))) : field.whole,
  );
  return concat(expanded);
}

function expandGraph(graph: readonly Field[]): Uint8Array {
  const tensors = new Map(
    graph
      .filter(({ number }) => number === GRAPH.initializer)
      .map(({ content }) => {
        const fields = readFields(content);
        return [textOf(fields, TENSOR.name), fields] as const;
      }),
  );
  /** Results of the nodes that are replaced. */
  const constants = new Map<string, Constant>();
  const find = (name: string) => constants.get(name) ?? readConstant(tensors.get(name), FLOAT32);
  const read = new Set<string>();
  const nodes = graph.filter(({ number, content }) => {
    if (number !== GRAPH.node) return false;
    const node = readFields(content);
    const inputs = node.filter((field) => field.number === NODE.input).map((field) => toText(field.content));
    const result = evaluate(textOf(node, NODE.type), node, inputs);
    if (result) constants.set(textOf(node, NODE.output), result);
    else for (const name of inputs) read.add(name);
    return !result;
  });
  function evaluate(type: string, node: readonly Field[], [first = '', second = '']: readonly string[]) {
    if (type === 'Cast') {
      const attribute = node.find(({ number }) => number === NODE.attribute);
      const to = attribute && readFields(attribute.content).find(({ number }) => number === ATTRIBUTE.integer)?.value;
      const tensor = tensors.get(first);
      return to === FLOAT32 ? (readConstant(tensor, INT8) ?? readConstant(tensor, FLOAT16)) : null;
    }
    const constant = type === 'Mul' && constants.get(first);
    const scales = constant && find(second);
    return scales && scales.values.length === constant.rows ? scaled(constant, scales.values) : null;
  }
  return concat([
    ...nodes.map(({ whole }) => whole),
    ...graph
      .filter(({ number, content }) =>
        number === GRAPH.initializer ? read.has(textOf(readFields(content), TENSOR.name)) : number !== GRAPH.node,
      )
      .map(({ whole }) => whole),
    ...[...constants]
      .filter(([name]) => read.has(name))
      .map(([name, constant]) => message(GRAPH.initializer, encodeConstant(name, constant))),
  ]);
}

/** Returns a tensor as float32; `null` if it has another type or is not stored as raw bytes. */
function readConstant(tensor: readonly Field[] | undefined, wanted: number): Constant | null {
  const type = tensor?.find(({ number }) => number === TENSOR.type)?.value;
  const raw = tensor?.find(({ number }) => number === TENSOR.raw)?.content;
  if (!tensor || type !== wanted || !raw) return null;
  const dims = tensor.filter(({ number }) => number === TENSOR.dims);
  return { dims: concat(dims.map(({ whole }) => whole)), rows: dims[0]?.value ?? 1, values: toFloats(raw, type) };
}

function toFloats(raw: Uint8Array, type: number): Float32Array<ArrayBuffer> {
  // Copied, because the position in a file need not be a multiple of four.
  const { buffer } = new Uint8Array(raw);
  if (type === FLOAT32) return new Float32Array(buffer);
  if (type === INT8) return new Float32Array(new Int8Array(buffer));
  const halves = new Uint16Array(buffer);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const bits = halves[i] as number;
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) + (exponent > 0 ? 1024 : 0);
    const magnitude = fraction * (STEPS[exponent] as number);
    values[i] = bits & 0x8000 ? -magnitude : magnitude;
  }
  return values;
}

/** Value of the last bit of a float16 with each exponent (IEEE 754 binary16). */
const STEPS = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (Math.max(exponent, 1) - 25));

function scaled({ dims, rows, values }: Constant, scales: Float32Array): Constant {
  const length = values.length / rows;
  const results = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++)
    results[i] = (values[i] as number) * (scales[Math.floor(i / length)] as number);
  return { dims, rows, values: results };
}

function encodeConstant(name: string, { dims, values }: Constant): Uint8Array {
  return concat([
    dims,
    Uint8Array.of(TENSOR.type << 3, FLOAT32),
    message(
      TENSOR.name,
      Uint8Array.from(name, (byte) => byte.charCodeAt(0)),
    ),
    message(TENSOR.raw, new Uint8Array(values.buffer)),
  ]);
}

function textOf(fields: readonly Field[], number: number): string {
  return toText(fields.find((field) => field.number === number)?.content);
}

/** Returns a string with one character per byte: names are compared and copied, but not shown. */
function toText(content: Uint8Array = new Uint8Array()): string {
  return String.fromCharCode(...content);
}

/** Reads the fields of a protobuf message (protobuf.dev, "Encoding"). A message that is cut off loses its last fields. */
function readFields(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  for (let start = 0; start < bytes.length;) {
    const [tag, from] = readVarint(bytes, start);
    const kind = tag & 7;
    const [value, after] = kind === 0 || kind === 2 ? readVarint(bytes, from) : [0, from];
    const end = kind === 2 ? after + value : kind === 1 ? from + 8 : kind === 5 ? from + 4 : after;
    const content = kind === 2 ? bytes.subarray(after, end) : bytes.subarray(0, 0);
    fields.push({ number: Math.floor(tag / 8), value, content, whole: bytes.subarray(start, end) });
    start = end;
  }
  return fields;
}

/** Returns an unsigned number and the offset after it. */
function readVarint(bytes: Uint8Array, start: number): readonly [value: number, after: number] {
  let value = 0;
  for (let at = start, factor = 1; ; factor *= 128) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at];
  }
}

/** Encodes a field whose value has bytes. */
function message(number: number, content: Uint8Array): Uint8Array {
  const header = [(number << 3) | 2];
  let rest = content.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) header.push((rest & 127) | 128);
  return concat([Uint8Array.of(...header, rest), content]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
