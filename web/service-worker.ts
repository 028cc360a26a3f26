/**
 * Keeps the app's files for the next visit. When there is no network it starts the app for the mail, which keeps what
 * was read, and shows a page of its own for all else. Never sees data.
 */

/** Filled in by the build. */
declare const PRECACHED_FILES: string[]
declare const PRECACHE_VERSION: string

interface WorkerEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchEvent extends WorkerEvent {
  request: Request
  respondWith(answer: Promise<Response>): void
}
interface WorkerScope {
  addEventListener(type: 'install' | 'activate', listener: (event: WorkerEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
  skipWaiting(): Promise<void>
  clients: { claim(): Promise<void> }
  location: Location
}

const worker = self as unknown as WorkerScope
const cacheName = `app-${PRECACHE_VERSION}`
const offlinePage = '/offline.html'
const offlineFiles = [offlinePage, '/icon.svg']
const appPage = '/'

worker.addEventListener('install', (event) => {
  event.waitUntil(keepFiles().then(() => worker.skipWaiting()))
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(forgetOldFiles().then(() => worker.clients.claim()))
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== worker.location.origin || pathname.startsWith('/api/')) return
  if (request.mode === 'navigate') event.respondWith(pageOrOffline(request))
  else if (pathname.startsWith('/assets/') || offlineFiles.includes(pathname))
    event.respondWith(keptOrFetched(request))
})

async function keepFiles(): Promise<void> {
  const cache = await caches.open(cacheName)
  await cache.addAll([...offlineFiles, appPage, ...PRECACHED_FILES])
}

async function forgetOldFiles(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)))
}

async function pageOrOffline(request: Request): Promise<Response> {
  try {
    return await fetch(request)
  } catch {
    const isMail = /^\/mail(?:\/|$)/.test(new URL(request.url).pathname)
    return (await caches.match(isMail ? appPage : offlinePage)) ?? Response.error()
  }
}

/** The name of an asset carries a hash of its content, so a kept one is never out of date. */
async function keptOrFetched(request: Request): Promise<Response> {
  const kept = await caches.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await (await caches.open(cacheName)).put(request, answer.clone())
  return answer
}
