import react from '@vitejs/plugin-react';
import { inface } from 'inface/vite';

export default { plugins: [react(), inface()] };
