/** Selects the adapter for each family of models. */
import { createBlazeFace, type FaceDetector } from './detectors/detector.js';
import { createArcFaceEmbedder, createDlibEmbedder, type FaceEmbedder } from './embedder.js';
import type { DetectorEntry, EmbedderEntry } from './manifest.js';
import type { Run } from './run.js';
import { createScrfd } from './detectors/scrfd.js';
import { createUltraFace } from './detectors/ultraface.js';
import { createYuNet } from './detectors/yunet.js';

export function createDetector(entry: DetectorEntry, run: Run): FaceDetector {
  switch (entry.family) {
    case 'blazeface':
      return createBlazeFace(entry, run);
    case 'yunet':
      return createYuNet(entry, run);
    case 'scrfd':
      return createScrfd(entry, run);
    case 'ultraface':
      return createUltraFace(entry, run);
  }
}

export function createEmbedder(entry: EmbedderEntry, run: Run): FaceEmbedder {
  return entry.family === 'arcface' ? createArcFaceEmbedder(entry, run) : createDlibEmbedder(entry, run);
}
