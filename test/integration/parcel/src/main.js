import { createFaceKit } from 'inface';
import { nameFaces } from './people.js';

const kit = await createFaceKit();
document.querySelector('output').textContent = await nameFaces(kit);
