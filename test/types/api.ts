/** Types of the public API, as an application sees them. Compiled by `npm run check:types`, never run. */
import {
  createFaceKit,
  createLivenessChallenge,
  type DetectedFace,
  type FaceKit,
  type FaceOperations,
  type Identification,
  type ImageInput,
  type ImageReport,
  type MatchResult,
  type OpenImage,
  type SpoofPolicy,
  type SpoofResult,
  type SpoofVerdict,
} from '../../src/index.js';
import type { FaceCamera } from '../../src/client/camera/camera-element.js';
import type {} from '../../src/client/frameworks/jsx/react.js';
import type { JSX } from 'react';

/** `true` when both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._proof: Same<A, B> extends true ? [] : [never]) => undefined;

// Every result has the same discriminant.
same<Identification['outcome'], 'identified' | 'unknown'>();
same<ImageReport['outcome'], 'accepted' | 'rejected'>();
same<SpoofVerdict['outcome'], 'bona-fide' | 'attack' | 'not-judged'>();
same<SpoofResult['outcome'], SpoofVerdict['outcome'] | 'failure-to-acquire'>();
same<MatchResult['outcome'], 'compared' | 'failure-to-acquire'>();
same<Awaited<ReturnType<FaceKit['enroll']>>['outcome'], 'enrolled' | 'rejected'>();
same<Awaited<ReturnType<FaceKit['addImages']>>['outcome'], 'added' | 'rejected'>();

export async function narrowing(kit: FaceKit, photo: Blob, profileId: string): Promise<void> {
  const match = await kit.match(photo, profileId);
  // @ts-expect-error A failure has no score.
  match.score;
  if (match.outcome === 'compared') same<typeof match.score, number>();
  const { faces } = await kit.identify(photo, 'collection');
  for (const face of faces) {
    if (face.outcome === 'identified') same<typeof face.profileId, string>();
    // @ts-expect-error Only an identified face has a profile.
    else face.profileId;
  }
  const verdict = await kit.checkSpoof(photo);
  if (verdict.outcome === 'bona-fide' || verdict.outcome === 'attack') same<typeof verdict.bonaFideScore, number>();
  const enrolled = await kit.enroll([photo]);
  // @ts-expect-error Nothing was enrolled when all images were rejected.
  enrolled.profile;
  // @ts-expect-error Results are read-only.
  match.outcome = 'compared';
  // @ts-expect-error So are lists.
  faces.push(faces[0]);
}

export async function options(kit: FaceKit, photo: OpenImage, face: DetectedFace): Promise<void> {
  const policies: SpoofPolicy[] = ['off', 'report', 'require', { require: true, maxApcer: 0.05 }, { require: false }];
  await kit.identify(photo, 'collection', { spoof: policies[0]! });
  // @ts-expect-error The threshold is given as an error rate.
  await kit.checkSpoof(photo, { threshold: 0.5 });
  // @ts-expect-error detect() refuses no face.
  await kit.detect(photo, { spoof: 'require' });
  // @ts-expect-error A profile is given by its id.
  await kit.match(photo, photo);
  // @ts-expect-error How faces are searched was decided by kit.open().
  await photo.detect({ search: 'tiles' });
  // @ts-expect-error There is no such size.
  await kit.detect(photo, { detectorSizePx: 300 });
  // @ts-expect-error There is no such option.
  await kit.enroll([photo], { collection: 'home' });
  await photo.enroll({ face, name: 'Anna' });
  await kit.compare({ image: photo, face: { x: 1, y: 2 } }, { image: 'https://example.org/a.jpg', face: 'only' });
  const inputs: ImageInput[] = [
    photo,
    new Blob(),
    'data:,',
    new URL('https://example.org'),
    document.createElement('img'),
  ];
  await kit.enroll(inputs);
  using open = await kit.open(new Blob(), { search: 'tiles', signal: AbortSignal.timeout(1) });
  same<typeof open, OpenImage>();
  await createFaceKit({ assetsUrl: new URL('/inface/', location.href) });
  createLivenessChallenge(kit, { source: () => new ImageData(1, 1), spoof: { require: true, maxBpcer: 0.1 } });
  // @ts-expect-error A challenge decides by the check, or leaves it out.
  createLivenessChallenge(kit, { source: () => new ImageData(1, 1), spoof: 'report' });
  const tenant: FaceOperations = kit.forOwner('key');
  // @ts-expect-error The owner of a key cannot erase everything.
  tenant.storage;
  kit.on('image-closed', ({ id }) => same<typeof id, string>());
}

export function camera(element: FaceCamera, kit: FaceKit): JSX.IntrinsicElements['face-camera'] {
  same<HTMLElementTagNameMap['face-camera'], FaceCamera>();
  const found = document.querySelector('face-camera');
  if (found) found.kit = kit;
  element.addEventListener('identified', ({ detail }) => same<typeof detail.trackId, number>());
  element.addEventListener('error', ({ detail }) => detail.problem);
  element.addEventListener('click', ({ clientX }) => clientX);
  return { collection: 'home', kit, onidentified: ({ detail }) => detail.identification, className: 'wide' };
}
