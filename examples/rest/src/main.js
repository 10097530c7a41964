import { createFaceKit } from 'inface';
import { createRestHandler, serveRest } from 'inface/rest';

const kit = await createFaceKit();
const { secret } = await kit.apiKeys.create({ name: 'Try it' });
serveRest(createRestHandler(kit));
await navigator.serviceWorker.register('/service-worker.js');
await navigator.serviceWorker.ready;

const input = document.querySelector('input');
input.onchange = async () => {
  const [photo] = input.files;
  const headers = { 'x-api-key': secret, 'content-type': photo.type };
  const response = await fetch('/v1/facedetect', { method: 'POST', headers, body: photo });
  document.querySelector('pre').textContent = JSON.stringify(await response.json(), null, 2);
};
input.disabled = false;
