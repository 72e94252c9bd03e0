import { defineConfig } from 'vite'

// The names of the built files contain no hash, so that a build changes as little as possible in the
// repository. The daemon sends an ETag of the content instead.
export default defineConfig({
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../internal/web/dist',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: 'assets/console.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: ({ names }) => (names?.[0]?.endsWith('.css') ? 'assets/console.css' : 'assets/[name][extname]'),
      },
    },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:7433', '/metrics': 'http://127.0.0.1:7433' } },
})
