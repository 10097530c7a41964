import { createFaceKit } from '/inface/index.js';
import { nameFaces } from './people.js';

const kit = await createFaceKit();
document.querySelector('output').textContent = await nameFaces(kit);
