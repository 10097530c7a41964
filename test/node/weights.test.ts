/** Weights that are stored as int8 or float16, as onnxruntime would make them float32. */
import { describe, expect, it } from 'vitest';
import { expandWeights } from '../../src/models/weights.js';
import { addHalfWeight, addInt8Weight } from '../../tools/models/kernels.js';
import { GraphBuilder, readOnnx } from '../../tools/models/onnx.js';

describe('the weights of a model', () => {
  it('are expanded together with the nodes that convert and scale them', () => {
    const graph = new GraphBuilder('test');
    const x = graph.input('input', [1, 2]);
    const halves = [1, -0.5, 2 ** -24, 65504, -0, 2 ** -14];
    const half = graph.node('Add', [x, addHalfWeight(graph, Float32Array.from(halves), [3, 2])]);
    const bytes = addInt8Weight(graph, Float32Array.of(12.7, -0.1, 0, 0), [2, 2]);
    graph.node('Add', [half, bytes], {}, 'output');
    graph.output('output', [3, 2]);
    const { nodes, constants } = readOnnx(expandWeights(graph.encode()));
    expect(nodes.map(({ op }) => op)).toEqual(['Add', 'Add']);
    expect([...constants.values()].map(({ shape, data }) => ({ shape, data: [...data] }))).toEqual([
      { shape: [3, 2], data: halves },
      { shape: [2, 2], data: [12.7, -0.1, 0, 0].map(Math.fround).map((value) => expect.closeTo(value, 6) as number) },
    ]);
  });

  it('stay as they are where a converted or scaled value is no weight', () => {
    const graph = new GraphBuilder('test');
    const scaled = graph.node('Mul', [graph.toFloat(graph.input('input', [2])), graph.floats([3, 4])]);
    // One scale per column, and not per row.
    const columns = graph.node('Mul', [
      addHalfWeight(graph, Float32Array.of(1, 2, 3), [1, 3]),
      graph.floats([1, 2, 3]),
    ]);
    graph.node('Add', [scaled, columns], {}, 'output');
    graph.output('output', [2]);
    const { nodes } = readOnnx(expandWeights(graph.encode()));
    expect(nodes.map(({ op }) => op)).toEqual(['Cast', 'Mul', 'Mul', 'Add']);
  });
});
