import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Hashed files below `/pages/`, so that they can be cached for ever. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/pages/',
  plugins: [react()],
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
