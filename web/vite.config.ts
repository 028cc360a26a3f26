import { join } from 'node:path'
import postcssMantine from 'postcss-preset-mantine'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compressed } from './build/compress-plugin.ts'
import { contractFacts } from './build/contracts-plugin.ts'
import { precacheList } from './build/precache-plugin.ts'
import { buildStamp } from './build/stamp-plugin.ts'

const here = (file: string) => join(import.meta.dirname, file)

export default defineConfig({
  root: import.meta.dirname,
  plugins: [contractFacts(), react(), precacheList(), buildStamp(), compressed()],
  css: { postcss: { plugins: [postcssMantine()] } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // `data:` addresses of fonts and pictures would be larger, and are not cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { app: here('index.html'), 'service-worker': here('service-worker.ts') },
      output: {
        // A service worker has the rights of its folder, and keeps its address.
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
})
