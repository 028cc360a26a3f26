/** What the mail doors encrypt with: the certificate of the gateway, or else one of our own making. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { SettingValues } from '#platform/config.ts'
import type { Logger } from '#platform/log.ts'
import { CertificateFiles, certificateFileIn } from '#platform/tls/certificate.ts'
import { makeSelfSigned } from '#platform/tls/self-signed.ts'
import type { tlsSettings } from '#platform/tls/settings.ts'

export interface MailCertificate extends Disposable {
  secureContext: () => SecureContext | undefined
}

type Values = Pick<SettingValues<typeof tlsSettings>, 'TLS_CERT' | 'TLS_KEY'> & { DATA_DIR: string }

export async function openCertificate(
  { TLS_CERT, TLS_KEY, DATA_DIR }: Values,
  name: string,
  log: Logger,
): Promise<MailCertificate> {
  const acquired = certificateFileIn(join(DATA_DIR, 'tls'))
  const files =
    TLS_CERT !== undefined && TLS_KEY !== undefined
      ? { cert: TLS_CERT, key: TLS_KEY }
      : existsSync(acquired)
        ? { cert: acquired, key: acquired }
        : await ownFiles(join(DATA_DIR, 'keys'), name)
  const certificates = new CertificateFiles(files, log)
  await certificates.reload()
  let context: SecureContext | undefined
  const renew = () => {
    const { current } = certificates
    // RFC 8996
    context = current && createSecureContext({ cert: current.cert, key: current.key, minVersion: 'TLSv1.2' })
  }
  renew()
  certificates.onChange(renew)
  return { secureContext: () => context, [Symbol.dispose]: () => certificates[Symbol.dispose]() }
}

/** Made once. Both halves stand in one file, which several processes may make at the same time: the last one counts. */
async function ownFiles(folder: string, name: string): Promise<{ cert: string; key: string }> {
  const file = join(folder, `mail-${name}.pem`)
  if (!existsSync(file)) {
    const { cert, key } = await makeSelfSigned(name)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.${process.pid}`, `${cert}\n${key}`, { mode: 0o600 })
    await rename(`${file}.${process.pid}`, file)
  }
  return { cert: file, key: file }
}
