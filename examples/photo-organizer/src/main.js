// Sorts photos by the people in them: whoever is unknown becomes a new person.
import { createFaceKit } from 'inface';

const input = document.querySelector('input');
const list = document.querySelector('ul');
const output = document.querySelector('output');
const kit = await createFaceKit({ database: 'photo-organizer' });
await kit.storage.eraseAll();
const album = await kit.collections.create('Album');
/** File names by the name of the person. */
const photos = new Map();
output.textContent = 'Choose photos';

input.addEventListener('change', async () => {
  for (const file of input.files) {
    const photo = await kit.open(file);
    const { faces } = await photo.identify(album.id);
    for (const face of faces) photos.get(await nameOf(photo, face))?.add(file.name);
    photo.close();
    list.replaceChildren(...[...photos].map(([name, files]) => item(`${name}: ${[...files].join(', ')}`)));
  }
  output.textContent = `${photos.size} people`;
});

/** Returns the name of a face, a new one for a stranger, or none for a face that is too poor to learn. */
async function nameOf(photo, face) {
  if (face.outcome === 'identified') return face.name;
  const name = `Person ${photos.size + 1}`;
  const result = await kit.enroll([{ image: photo, face }], { name, collectionId: album.id });
  if (result.outcome === 'rejected') return undefined;
  photos.set(name, new Set());
  return name;
}

function item(text) {
  const element = document.createElement('li');
  element.textContent = text;
  return element;
}
