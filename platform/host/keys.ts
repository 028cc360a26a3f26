import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Identity } from '#platform/identity.ts'

export interface Keys {
  /** 32 bytes that every process of the installation shares. */
  clusterKey: Buffer
  /** The identity behind a service key, undefined for a wrong one. */
  identifyServiceKey(key: string): Identity | undefined
  /** Where the service key made at the first start lies; undefined when settings give the key. */
  serviceKeyFile: string | undefined
}

/** Keys from the settings, else from `<directory>/keys`, made at the first start with mode 0600. */
export async function openKeys(
  directory: string,
  given: { clusterKey?: string | undefined; serviceKey?: string | undefined },
): Promise<Keys> {
  const clusterText = given.clusterKey ?? (await keyFile(join(directory, 'keys', 'cluster.key')))
  const serviceKey = await readServiceKey(directory, given.serviceKey)
  const expected = sha256(serviceKey)
  return {
    clusterKey: sha256(clusterText),
    identifyServiceKey: (key) =>
      timingSafeEqual(sha256(key), expected) ? { kind: 'service', name: 'service-key' } : undefined,
    serviceKeyFile: given.serviceKey === undefined ? serviceKeyFile(directory) : undefined,
  }
}

export async function readServiceKey(directory: string, given: string | undefined): Promise<string> {
  return given ?? (await keyFile(serviceKeyFile(directory)))
}

function serviceKeyFile(directory: string): string {
  return join(directory, 'keys', 'service.key')
}

/** The key in the file. Processes that start at once agree on one: only the first link to the name succeeds. */
async function keyFile(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await chmod(dirname(path), 0o700)
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  return (await readFile(path, 'utf8')).trim()
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
