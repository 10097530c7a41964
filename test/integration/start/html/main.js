inface.defineFaceCamera();
const camera = document.querySelector('face-camera');
const form = document.querySelector('form');
const output = document.querySelector('output');

const kit = await inface.createFaceKit();
const [team = await kit.collections.create('Team')] = await kit.collections.list();
camera.setAttribute('collection', team.id);
camera.kit = kit;

camera.addEventListener('identified', ({ detail }) => (output.textContent = `Hello ${detail.identification.name}`));
camera.addEventListener('noface', () => (output.textContent = ''));

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const result = await kit.enroll([camera.video], { name: form.elements.person.value, collectionId: team.id });
  if (result.outcome === 'rejected') output.textContent = result.images[0].reasons.join(', ');
});
form.querySelector('button').disabled = false;
