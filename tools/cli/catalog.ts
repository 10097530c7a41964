/** The models that are not in the package and that `inface models add` can fetch and convert. */
import type { EmbedderCalibration } from '../../src/models/embedder.js';
import type { ModelSource } from '../../src/models/entry.js';
import { FR_FEATURE } from '../models/weights.js';

/** A model as it is described before it is fetched. */
export interface CatalogItem {
  readonly id: string;
  /** One line for the list. */
  readonly summary: string;
  readonly source: ModelSource & { readonly integrity: string };
  readonly license: string;
  /** Size of the converted model. */
  readonly bytes: number;
  /** Reasons to hesitate, one a line. */
  readonly doubts: readonly string[];
  readonly calibration: EmbedderCalibration;
}

const FR_FEATURE_CALIBRATION: EmbedderCalibration = {
  origin:
    'LFW: 5,310 photos of 2,415 people, all pairs of different people, with the detector and landmarks of the default set; ' +
    'the distance of best accuracy over the first four folds of view 2 (npx tsx lab/measure/fit-calibration.ts)',
  // 0.5 at FMR 1e-3 and 0.4 at best accuracy, both of one view; 1 when a face is compared with itself.
  similarity: [
    [0, 1],
    [0.6664, 0.5],
    [0.7311, 0.4],
    [1.3, 0],
  ],
  fmr: {
    fast: [
      [0.5214, 1e-5],
      [0.5896, 1e-4],
      [0.6664, 1e-3],
      [0.7562, 1e-2],
      [0.8691, 1e-1],
    ],
    high: [
      [0.5232, 1e-5],
      [0.5888, 1e-4],
      [0.6661, 1e-3],
      [0.7559, 1e-2],
      [0.8689, 1e-1],
    ],
  },
  profile: [
    [0.5282, 1e-5],
    [0.5852, 1e-4],
    [0.6552, 1e-3],
    [0.7522, 1e-2],
    [0.8692, 1e-1],
  ],
};

export const CATALOG: readonly CatalogItem[] = [
  {
    id: 'fr-feature',
    summary: 'embedder of the ArcFace family, 160 numbers per face',
    source: FR_FEATURE,
    license: 'MIT by its package.json; who may license it is open',
    bytes: 1_346_754,
    doubts: [
      'Its file carries traces of an environment named after another company than the one that published it',
      '(...humanode...bioauth-ml...), so whether the publisher may license it is open.',
      'The license file of its package names the author of a template, and its training data is not documented.',
      'Whether you may use it is your decision.',
    ],
    calibration: FR_FEATURE_CALIBRATION,
  },
];
