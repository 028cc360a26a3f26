/** Trusted Types (W3C): text reaches what could run it through these policies alone. */

interface PolicyFactory {
  createPolicy(
    name: string,
    rules: Record<string, (text: string) => string>,
  ): { createScriptURL(url: string): string; createHTML(text: string): string }
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes

const workerUrl = '/service-worker.js'

/** Libraries set style sheets as HTML; text without `<` holds no element. */
export function protectSinks(): void {
  factory?.createPolicy('default', {
    createHTML(text) {
      if (text.includes('<')) throw new TypeError('markup from text is refused')
      return text
    },
  })
}

let frames: Pick<ReturnType<PolicyFactory['createPolicy']>, 'createHTML'> | undefined

/** For `srcdoc` of a frame whose `sandbox` lets no script run, and nothing else. */
export function sandboxedHtml(html: string): string {
  if (!factory) return html
  frames ??= factory.createPolicy('sandboxed-html', { createHTML: (text) => text })
  return frames.createHTML(html)
}

let inert: typeof frames

/** A document that is never shown: nothing in it runs, and nothing is fetched. */
export function inertDocument(html: string): Document {
  if (factory) inert ??= factory.createPolicy('inert-html', { createHTML: (text) => text })
  return new DOMParser().parseFromString(inert?.createHTML(html) ?? html, 'text/html')
}

/** In development the files change under it. */
export function registerServiceWorker(): void {
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return
  const policy = factory?.createPolicy('service-worker', {
    createScriptURL(url) {
      if (url !== workerUrl) throw new TypeError('not the service worker')
      return url
    },
  })
  const url = policy ? policy.createScriptURL(workerUrl) : workerUrl
  const register = () => void navigator.serviceWorker.register(url).catch(() => {})
  if (document.readyState === 'complete') register()
  else window.addEventListener('load', register, { once: true })
}
