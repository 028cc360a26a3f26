import { join } from 'node:path'
import type { SettingValues } from '#platform/config.ts'
import type { Cache } from '#platform/cache/cache.ts'
import type { Logger } from '#platform/log.ts'
import type { Job } from '#platform/service.ts'
import type { Door } from '#services/gateway/pages.ts'
import { challengePage, challengePath, renewalJob } from './acme.ts'
import { certificateFileIn, CertificateFiles } from '#platform/tls/certificate.ts'
import type { tlsSettings } from '#platform/tls/settings.ts'

/** What a gateway with HTTPS has beside others. */
export interface Secure extends Disposable {
  port: number
  certificates: CertificateFiles
  doors: readonly Door[]
  jobs: readonly Job[]
}

/** Undefined where no setting asks for HTTPS. Rejects with one line where they don't go together or the files are not good. */
export async function openSecure(
  settings: SettingValues<typeof tlsSettings> & { DATA_DIR: string; DOMAIN: string },
  { cache, log }: { cache: Cache; log: Logger },
): Promise<Secure | undefined> {
  const {
    TLS_CERT: cert,
    TLS_KEY: key,
    TLS_PORT: port,
    ACME_DIRECTORY_URL: directoryUrl,
    DOMAIN: domain,
  } = settings
  if ((cert === undefined) !== (key === undefined)) throw new Error('TLS_CERT and TLS_KEY go together')
  if (cert !== undefined && key !== undefined) {
    using stack = new DisposableStack()
    const certificates = stack.use(new CertificateFiles({ cert, key }, log))
    await certificates.reload().catch((error: Error) => {
      throw new Error(`TLS_CERT and TLS_KEY: ${error.message}`, { cause: error })
    })
    const opened = stack.move()
    return { port, certificates, doors: [], jobs: [], [Symbol.dispose]: () => opened.dispose() }
  }
  if (directoryUrl === undefined) return undefined
  if (domain === 'localhost') throw new Error('ACME_DIRECTORY_URL needs DOMAIN, the name to be certified')
  const folder = join(settings.DATA_DIR, 'tls')
  const file = certificateFileIn(folder)
  const certificates = new CertificateFiles({ cert: file, key: file }, log)
  return {
    port,
    certificates,
    doors: [{ method: 'GET', path: `${challengePath}{token}`, page: challengePage(cache) }],
    jobs: [renewalJob({ directoryUrl, email: settings.ACME_EMAIL, domain, folder, certificates })],
    [Symbol.dispose]: () => certificates[Symbol.dispose](),
  }
}
