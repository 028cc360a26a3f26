/** Addresses that go into messages. They come from the settings and never from a request, whose headers anybody can write. */
import type { SettingValues } from './config.ts'
import type { hostSettings } from './host/settings.ts'

type Values = Pick<SettingValues<typeof hostSettings>, 'PUBLIC_URL' | 'DOMAIN' | 'PORT'>

/** Without a slash at its end. */
export function publicUrl({ PUBLIC_URL: given, DOMAIN: domain, PORT: port }: Values): string {
  const url = given ?? (domain === 'localhost' ? `http://localhost:${port}` : `https://${domain}`)
  return url.replace(/\/+$/, '')
}

/** A page of the web app: `pageUrl(settings, '/reset-password', { token })`. */
export function pageUrl(settings: Values, path: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString()
  return `${publicUrl(settings)}${path}${search && `?${search}`}`
}
