import { inface } from 'inface/vite';

export default { base: '/app/', plugins: [inface()] };
