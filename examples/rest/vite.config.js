import { inface } from 'inface/vite';

export default { plugins: [inface()] };
