import { sveltekit } from '@sveltejs/kit/vite';
import { inface } from 'inface/vite';

export default { plugins: [sveltekit(), inface()] };
