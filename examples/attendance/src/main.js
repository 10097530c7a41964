// Notes when each person was first seen. A wrong name is a wrong record: one stranger in 1,000 gets a name here.
import { createFaceKit } from 'inface';
import { defineFaceCamera } from 'inface/camera';

defineFaceCamera();
const camera = document.querySelector('face-camera');
const form = document.querySelector('form');
const output = document.querySelector('output');
const kit = await createFaceKit();
const [group = await kit.collections.create('Group')] = await kit.collections.list();
/** Time of the first sight, by name. */
const seen = new Map();

camera.setAttribute('collection', group.id);
camera.kit = kit;
output.textContent = 'Nobody yet';
camera.addEventListener('identified', ({ detail }) => {
  const { name } = detail.identification;
  if (seen.has(name)) return;
  seen.set(name, new Date().toISOString());
  const row = document.querySelector('tbody').insertRow();
  for (const text of [name, seen.get(name)]) row.insertCell().textContent = text;
  output.textContent = `${seen.size} seen`;
});
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const result = await kit.enroll([camera.video], { name: form.elements.person.value, collectionId: group.id });
  if (result.outcome === 'rejected') output.textContent = result.images[0].reasons.join(', ');
});
form.querySelector('button').disabled = false;
document.querySelector('#save').addEventListener('click', () => {
  const lines = [...seen].map(([name, time]) => `"${name.replaceAll('"', '""')}",${time}`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([['name,first seen', ...lines].join('\n')], { type: 'text/csv' }));
  link.download = 'attendance.csv';
  link.click();
});
