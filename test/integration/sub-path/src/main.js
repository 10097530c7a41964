import { createFaceKit } from 'inface';
import { nameFaces } from './people.js';

const kit = await createFaceKit({ assetsUrl: `${import.meta.env.BASE_URL}inface/` });
document.querySelector('output').textContent = await nameFaces(kit);
