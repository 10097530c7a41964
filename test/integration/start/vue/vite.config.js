import vue from '@vitejs/plugin-vue';
import { inface } from 'inface/vite';

export default { plugins: [vue(), inface()] };
