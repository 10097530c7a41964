/** The examples of the playground. A page with an `<img>` of the photo, a `<canvas>` over it and the log runs them. */

export interface Example {
  readonly name: string;
  /** File of the sample photo. */
  readonly photo: string;
  readonly code: string;
}

const FIND = `import { createFaceKit } from 'inface';
import { drawFaces } from 'inface/camera';

const kit = await createFaceKit({ database: 'playground' });
const photo = document.querySelector('img');
const result = await kit.detect(photo, { landmarks: 68, quality: true });
console.log(\`\${result.faces.length} faces in \${Math.round(result.timings.detectMs)} ms\`);
const marks = result.faces.map((face, i) => ({ face, label: String(i + 1), known: true }));
drawFaces(document.querySelector('canvas'), result, marks);
`;

const UNKNOWN = `import { createFaceKit } from 'inface';

const kit = await createFaceKit({ database: 'playground' });
const photo = document.querySelector('img');
const { faces } = await kit.detect(photo);
const team = await kit.collections.create('Team');
// Enroll the first two people of the photo. The others are strangers.
await kit.enroll([{ image: photo, face: faces[0] }], { name: 'Anna', collectionId: team.id });
await kit.enroll([{ image: photo, face: faces[1] }], { name: 'Ben', collectionId: team.id });
const result = await kit.identify(photo, team.id, { maxFpir: 0.001 });
for (const face of result.faces) console.log(face.outcome === 'identified' ? face.name : 'unknown');
await kit.storage.eraseAll();
`;

const SAME = `import { createFaceKit } from 'inface';

const kit = await createFaceKit({ database: 'playground' });
const photo = await kit.open(document.querySelector('img'));
const { faces } = await photo.detect();
for (const other of faces) {
  const result = await kit.compare({ image: photo, face: faces[0] }, { image: photo, face: other }, { maxFmr: 0.0001 });
  console.log(result.match ? 'the same person' : 'somebody else', result.score.toFixed(2));
}
`;

const CAMERA = `import { createFaceKit } from 'inface';
import { defineFaceCamera } from 'inface/camera';

defineFaceCamera();
const camera = document.createElement('face-camera');
document.querySelector('img').replaceWith(camera);
camera.addEventListener('quality', ({ detail }) => console.log(detail.join(', ') || 'good'));
camera.kit = await createFaceKit({ database: 'playground' });
await camera.start();
`;

export const EXAMPLES: readonly Example[] = [
  { name: 'Find faces', photo: 'sample6.jpg', code: FIND },
  { name: 'Who is this? With strangers', photo: 'sample6.jpg', code: UNKNOWN },
  { name: 'The same person?', photo: 'sample1.jpg', code: SAME },
  { name: 'Camera', photo: 'sample1.jpg', code: CAMERA },
];
