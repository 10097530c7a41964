import { svelte } from '@sveltejs/vite-plugin-svelte';
import { inface } from 'inface/vite';

export default { plugins: [svelte(), inface()] };
