/**
 * Converts BlazeFace from the TensorFlow.js graph model to ONNX, with a dynamic input.
 *
 * The shipped graph is fixed at 256 px, but only the shapes of its last reshapes require that, so the input size is
 * left dynamic here.
 */
import { addWeight, toDepthwise, toOihw } from './kernels.js';
import { GraphBuilder } from './onnx.js';
import {
  decodeWeights,
  readSource,
  SOURCES,
  toFloats,
  type SourceFolders,
  type StoredTensor,
  type WeightMap,
} from './weights.js';

/**
 * Attribute of a TensorFlow node, as JSON; strings are base64.
 * See tensorflow/core/framework/attr_value.proto.
 */
interface TfAttribute {
  readonly s?: string;
  readonly list?: { readonly i?: readonly string[]; readonly s?: readonly string[] };
}

/** Node of a TensorFlow graph, as JSON (tensorflow/core/framework/node_def.proto). */
interface TfNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, TfAttribute>>;
}

/** The graph's outputs by their name in the source, in ONNX order: stride 16, then stride 32. */
const OUTPUTS: readonly { readonly source: string; readonly name: string }[] = [
  { source: 'Identity', name: 'scores_0' },
  { source: 'Identity_2', name: 'boxes_0' },
  { source: 'Identity_1', name: 'scores_1' },
  { source: 'Identity_3', name: 'boxes_1' },
];

/** Reads the verified graph model: its nodes in order, and its weights. */
export function readBlazeFace(folders: SourceFolders): {
  readonly nodes: readonly TfNode[];
  readonly weights: WeightMap;
} {
  const { json, bytes } = readSource(folders, SOURCES.blazeface);
  const model = json as {
    readonly modelTopology: { readonly node: readonly TfNode[] };
    readonly weightsManifest: unknown;
  };
  return { nodes: model.modelTopology.node, weights: decodeWeights(model.weightsManifest, bytes) };
}

/**
 * Builds the ONNX graph.
 *
 * The input is `input` [1, 3, H, W], both multiples of 32, RGB of -1..1. The outputs are {@link OUTPUTS}: rows ordered
 * by (y, x, anchor of the cell), scores as logits, boxes in pixels from the anchor's center.
 *
 * @param nodes `modelTopology.node` of the graph model, in topological order.
 * @throws On an operation, padding, layout or fusion that it does not support.
 */
export function buildBlazeFace(nodes: readonly TfNode[], weights: WeightMap): Uint8Array {
  const graph = new GraphBuilder('blazeface');
  const outputNames = new Map(
    OUTPUTS.map(({ source, name }) => [nodes.find((node) => node.name === source)?.input?.[0], name]),
  );
  /** ONNX tensor by the name of the converted TensorFlow node. */
  const converted = new Map<string, string>();
  const inputOf = (node: TfNode, index: number): string => {
    const tensor = converted.get(sourceOf(node, index));
    if (tensor === undefined)
      throw new Error(
        `Node '${node.name}' reads '${sourceOf(node, index)}' before it is created. Use the published graph model.`,
      );
    return tensor;
  };

  for (const node of nodes) {
    const output = convertNode(graph, weights, node, (index) => inputOf(node, index), outputNames.get(node.name));
    if (output !== undefined) converted.set(node.name, output);
  }
  for (const { name } of OUTPUTS) {
    const [kind = '', map = ''] = name.split('_');
    graph.output(name, [1, `anchors_${map}`, kind === 'scores' ? 1 : 16]);
  }
  return graph.encode();
}

/**
 * Converts one node and returns its ONNX tensor.
 * Returns undefined for nodes that only hold constants or name outputs.
 */
function convertNode(
  graph: GraphBuilder,
  weights: WeightMap,
  node: TfNode,
  input: (index: number) => string,
  outputName: string | undefined,
): string | undefined {
  switch (node.op) {
    case 'Const':
    case 'Identity':
      return undefined;
    case 'Placeholder':
      return graph.input('input', [1, 3, 'H', 'W']);
    case '_FusedConv2D': {
      const kernel = toOihw(weights.get(sourceOf(node, 1)));
      const bias = graph.floats(toFloats(weights.get(sourceOf(node, 2))));
      const conv = graph.node('Conv', [input(0), addWeight(graph, kernel), bias], convAttributes(node, kernel));
      const fused = (node.attr?.['fused_ops']?.list?.s ?? []).map(fromBase64).join('+');
      if (fused === 'BiasAdd') return conv;
      if (fused === 'BiasAdd+Relu') return graph.node('Relu', [conv]);
      throw new Error(`Node '${node.name}' fuses '${fused}', which this build cannot convert.`);
    }
    case 'DepthwiseConv2dNative': {
      const kernel = toDepthwise(weights.get(sourceOf(node, 1)));
      const group = kernel.shape[0] ?? 0;
      return graph.node('Conv', [input(0), addWeight(graph, kernel)], { ...convAttributes(node, kernel), group });
    }
    case 'AddV2':
      return graph.node('Add', [input(0), input(1)]);
    case 'Relu':
      return graph.node('Relu', [input(0)]);
    case 'MaxPool': {
      const [, height = 0, width = 0] = integers(node, 'ksize');
      return graph.node('MaxPool', [input(0)], { kernel_shape: [height, width], ...windows(node, height, width) });
    }
    case 'Pad': {
      const [n0, n1, top, bottom, left, right, before = 0, after = 0] = weights.integers(sourceOf(node, 1));
      if (n0 || n1 || top || bottom || left || right) {
        throw new Error(
          `Node '${node.name}' pads other dimensions than the channels, which this build cannot convert.`,
        );
      }
      return graph.node('Pad', [input(0), graph.ints([0, before, 0, 0, 0, after, 0, 0])]);
    }
    case 'Reshape': {
      // Only the heads are reshaped, from an NHWC map to [1, cells, values], so rows are ordered by (y, x, anchor).
      const [, , values = 0] = weights.integers(sourceOf(node, 1));
      const nhwc = graph.node('Transpose', [input(0)], { perm: [0, 2, 3, 1] });
      return graph.node('Reshape', [nhwc, graph.ints([1, -1, values])], {}, outputName);
    }
    default:
      throw new Error(`Unknown operation '${node.op}' at node '${node.name}': this build cannot convert it.`);
  }
}

function convAttributes(node: TfNode, kernel: StoredTensor): Record<string, readonly number[]> {
  const [, , height = 0, width = 0] = kernel.shape;
  if (integers(node, 'dilations').some((dilation) => dilation !== 1)) {
    throw new Error(`Node '${node.name}' is dilated, which this build cannot convert.`);
  }
  return windows(node, height, width);
}

/** Returns strides and explicit paddings of a window of the given size. */
function windows(node: TfNode, height: number, width: number): Record<string, readonly number[]> {
  const layout = fromBase64(node.attr?.['data_format']?.s ?? '');
  const padding = fromBase64(node.attr?.['padding']?.s ?? '');
  const [, strideY = 0, strideX = 0] = integers(node, 'strides');
  if (layout !== 'NHWC') throw new Error(`Node '${node.name}' has layout '${layout}', expected 'NHWC'.`);
  if (padding !== 'SAME' && padding !== 'VALID') {
    throw new Error(`Node '${node.name}' has padding '${padding}', expected 'SAME' or 'VALID'.`);
  }
  // 'SAME' pads by `window - stride` in total where the stride divides the side, with the smaller half first. That
  // holds here for all sides that are multiples of 32, the product of all strides.
  const totalY = padding === 'SAME' ? Math.max(height - strideY, 0) : 0;
  const totalX = padding === 'SAME' ? Math.max(width - strideX, 0) : 0;
  const top = Math.floor(totalY / 2);
  const left = Math.floor(totalX / 2);
  return { strides: [strideY, strideX], pads: [top, left, totalY - top, totalX - left] };
}

function sourceOf(node: TfNode, index: number): string {
  const source = node.input?.[index];
  if (source === undefined) throw new Error(`Node '${node.name}' has no input ${index}.`);
  return source;
}

function integers(node: TfNode, attribute: string): readonly number[] {
  return (node.attr?.[attribute]?.list?.i ?? []).map(Number);
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('latin1');
}
