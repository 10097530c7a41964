// Greets people at an entrance. It is not a lock: no check stops a mask or an injected camera.
import { createFaceKit } from 'inface';
import { defineFaceCamera } from 'inface/camera';

const GREETING_MS = 4000;

defineFaceCamera();
const camera = document.querySelector('face-camera');
const form = document.querySelector('form');
const output = document.querySelector('output');
const kit = await createFaceKit();
await kit.storage.persist();
const [door = await kit.collections.create('Door')] = await kit.collections.list();

camera.setAttribute('collection', door.id);
camera.kit = kit;
output.textContent = 'Please come closer';
let timer;
camera.addEventListener('identified', ({ detail }) => {
  output.textContent = `Welcome ${detail.identification.name}`;
  clearTimeout(timer);
  timer = setTimeout(() => (output.textContent = 'Please come closer'), GREETING_MS);
});
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const result = await kit.enroll([camera.video], {
    name: form.elements.person.value,
    collectionId: door.id,
    policy: 'strict',
  });
  output.textContent = result.outcome === 'enrolled' ? 'Enrolled' : result.images[0].reasons.join(', ');
});
form.querySelector('button').disabled = false;
