import { InfacePlugin } from 'inface/webpack';

export default {
  entry: './src/main.js',
  output: { path: `${import.meta.dirname}/public` },
  plugins: [new InfacePlugin()],
};
