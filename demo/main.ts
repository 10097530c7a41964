/** The page, put together. It uses only what the package exports. */
import { byId } from './dom.js';
import { createEnrolment } from './enrolment.js';
import { loadKit } from './loading.js';
import { createPeople } from './people.js';
import { createPhotos } from './photos.js';
import { createProfiles } from './profiles.js';
import { createWebcam } from './webcam.js';
import { explain } from './words.js';

async function main(): Promise<void> {
  const kit = await loadKit();
  const people = createPeople(kit);
  const profiles = createProfiles(people, () => {
    photos.identifyAll();
  });
  const enrolment = createEnrolment(people, profiles.train);
  const photos = createPhotos(kit, people, enrolment);
  createWebcam(people, enrolment);
  byId('app', HTMLElement).hidden = false;
  try {
    await people.refresh();
  } catch (error) {
    byId('people-status', HTMLElement).textContent = explain(error);
  }
}

void main();
