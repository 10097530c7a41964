/**
 * Builds face_landmark_68 of face-api.js as an ONNX graph: 68 points in a 112 px face crop.
 *
 * Follows @vladmandic/face-api 1.7.15, src/faceFeatureExtractor/{FaceFeatureExtractor,denseBlock}.ts and
 * src/faceProcessor/FaceProcessor.ts, operation by operation.
 */
import { addWeight, toDepthwise, toOihw } from './kernels.js';
import { GraphBuilder } from './onnx.js';
import { FACE_API_MEAN_RGB, toFloats, type WeightMap } from './weights.js';

/** Side of the input, in pixels. */
export const LANDMARK_SIZE = 112;

const DENSE_BLOCKS = ['dense0', 'dense1', 'dense2', 'dense3'] as const;

/**
 * Builds the graph from `input` [1, 3, 112, 112], RGB of 0..255, to `points` [1, 136].
 * The points are x0, y0, x1, ... as 0..1 of the crop.
 */
export function buildLandmark68(weights: WeightMap): Uint8Array {
  const graph = new GraphBuilder('face-landmark-68');
  const pixels = graph.input('input', [1, 3, LANDMARK_SIZE, LANDMARK_SIZE]);

  const bias = (name: string): string => graph.floats(toFloats(weights.get(name)), undefined, name);

  /** Adds a separable convolution: depthwise, then pointwise; 3x3, 'same' padding, on an even side. */
  const separable = (x: string, name: string, stride: number): string => {
    const depthwise = toDepthwise(weights.get(`${name}/depthwise_filter`));
    const pointwise = toOihw(weights.get(`${name}/pointwise_filter`));
    const spread = graph.node('Conv', [x, addWeight(graph, depthwise)], {
      strides: [stride, stride],
      pads: samePads(stride),
      group: depthwise.shape[0] ?? 0,
    });
    return graph.node('Conv', [spread, addWeight(graph, pointwise), bias(`${name}/bias`)]);
  };

  /** Adds the network's first convolution, which is not separable. */
  const first = (x: string, name: string): string => {
    const kernel = addWeight(graph, toOihw(weights.get(`${name}/filters`)));
    return graph.node('Conv', [x, kernel, bias(`${name}/bias`)], { strides: [2, 2], pads: samePads(2) });
  };

  // The mean cannot be folded into the first convolution: 'same' pads with zeros after the subtraction.
  const mean = graph.floats(FACE_API_MEAN_RGB, [1, 3, 1, 1]);
  let x = graph.node('Div', [graph.node('Sub', [pixels, mean]), graph.floats([255])]);

  for (const block of DENSE_BLOCKS) {
    const reduced = block === 'dense0' ? first(x, `${block}/conv0`) : separable(x, `${block}/conv0`, 2);
    const out1 = graph.node('Relu', [reduced]);
    const out2 = separable(out1, `${block}/conv1`, 1);
    const out3 = separable(graph.node('Relu', [graph.node('Add', [out1, out2])]), `${block}/conv2`, 1);
    const sum23 = graph.node('Add', [out2, out3]);
    const out4 = separable(graph.node('Relu', [graph.node('Add', [out1, sum23])]), `${block}/conv3`, 1);
    const sum234 = graph.node('Add', [out2, graph.node('Add', [out3, out4])]);
    x = graph.node('Relu', [graph.node('Add', [out1, sum234])]);
  }

  // The map is 7x7 here, so the peer's 7x7 average pool equals the mean of the map.
  const features = graph.node('ReduceMean', [x], { axes: [2, 3], keepdims: 0 });
  const head = addWeight(graph, weights.get('fc/weights'));
  graph.node('Gemm', [features, head, bias('fc/bias')], {}, 'points');
  graph.output('points', [1, 136]);
  return graph.encode();
}

/**
 * Returns TensorFlow's 'same' padding of a 3x3 kernel on an even side.
 * With stride 2 only the end is padded.
 */
function samePads(stride: number): readonly number[] {
  return stride === 1 ? [1, 1, 1, 1] : [0, 0, 1, 1];
}
