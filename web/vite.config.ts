import { join } from 'node:path'
import postcssMantine from 'postcss-preset-mantine'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compressed } from './build/compress-plugin.ts'
import { contractFacts } from './build/contracts-plugin.ts'
import { precacheList } from './build/precache-plugin.ts'
import { buildStamp } from './build/stamp-plugin.ts'

const here = (file: string) => join(import.meta.dirname, file)

/** Menus, dialogs, tables and fields that open: loaded with the first page that has one. */
const isLater = (id: string) =>
  /components\/(Modal|Popover|Menu|Tooltip|Combobox|MultiSelect|Select|Autocomplete|TagsInput|Pill|ScrollArea|Table|Checkbox|Switch|Tabs|SegmentedControl|Drawer|HoverCard)/.test(
    id,
  )
const frame =
  /node_modules\/@mantine\/|\/contracts\/|\/web\/app\/[^/]+$|\/web\/ui\/(states|Page|Section|Note|FailureNote|failure|page-title|List|Picture|notices)\b/
const isFrame = (id: string) => frame.test(id) && !isLater(id)

export default defineConfig({
  root: import.meta.dirname,
  plugins: [contractFacts(), react(), precacheList(), compressed(), buildStamp()],
  css: { postcss: { plugins: [postcssMantine()] } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // `data:` addresses of fonts and pictures would be larger, and are not cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        app: here('index.html'),
        offline: here('offline.html'),
        'service-worker': here('service-worker.ts'),
      },
      output: {
        // What many pages share comes in two files: the heads of eighty would be a fifth of the load.
        codeSplitting: {
          groups: [
            {
              name: 'react',
              test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(?!react-virtual|virtual-core)[^/]+)\//,
              priority: 2,
            },
            { name: 'icons', test: /lucide-react/, minShareCount: 2, priority: 2 },
            { name: 'frame', test: isFrame, minShareCount: 5, priority: 1 },
          ],
        },
        // A service worker has the rights of its folder, and keeps its address.
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
})
