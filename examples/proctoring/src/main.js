// The limits of watching an exam: events for a person to review, no verdict. Nothing leaves the page.
import { createFaceKit } from 'inface';
import { defineFaceCamera } from 'inface/camera';

defineFaceCamera();
const camera = document.querySelector('face-camera');
const button = document.querySelector('button');
const output = document.querySelector('output');
const kit = await createFaceKit({ database: 'proctoring' });
await kit.storage.eraseAll();
const exam = await kit.collections.create('Exam');
let last = '';

camera.setAttribute('collection', exam.id);
camera.kit = kit;
await camera.start();
output.textContent = 'Press Start when you sit down';

button.addEventListener('click', async () => {
  const result = await kit.enroll([camera.video], { name: 'Candidate', collectionId: exam.id });
  if (result.outcome === 'rejected') {
    output.textContent = result.images[0].reasons.join(', ');
    return;
  }
  button.disabled = true;
  camera.addEventListener('noface', () => note('nobody in the picture'));
  camera.addEventListener('face', ({ detail }) => note(describe(detail.faces)));
});

function describe(faces) {
  if (faces.length > 1) return 'several faces';
  const [{ identification }] = faces;
  return identification?.outcome === 'identified' ? 'the candidate' : 'a face that is not recognized';
}

/** Adds a row when something changes. */
function note(text) {
  if (text === last) return;
  last = text;
  const row = document.createElement('li');
  row.textContent = `${new Date().toLocaleTimeString()}: ${text}`;
  document.querySelector('ol').append(row);
}
