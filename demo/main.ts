/** The page, put together. It uses only what the package exports. */
import { byId } from './dom.js';
import { createEnrolment } from './enrolment.js';
import { createLiveness } from './liveness.js';
import { loadKit } from './loading.js';
import { createPeople } from './people.js';
import { createPhotos } from './photos.js';
import { createProfiles } from './profiles.js';
import { createWebcam } from './webcam.js';
import { explain } from './words.js';

async function main(): Promise<void> {
  const kit = await loadKit();
  const status = byId('people-status', HTMLElement);
  const refresh = async () => {
    try {
      await people.refresh();
    } catch (error) {
      status.textContent = explain(error);
    }
  };
  const people = createPeople(kit, () => {
    void refresh().then(() => {
      photos.identifyAll();
    });
  });
  const profiles = createProfiles(people, () => {
    photos.identifyAll();
  });
  const enrolment = createEnrolment(people, profiles.train);
  const photos = createPhotos(kit, people, enrolment);
  createWebcam(people, enrolment);
  createLiveness(kit, enrolment);
  byId('app', HTMLElement).hidden = false;
  await refresh();
}

void main();
