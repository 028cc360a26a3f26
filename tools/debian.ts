import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Debian asks this script before it starts a service of a package just installed; 101 forbids it. */
const policy = '/usr/sbin/policy-rc.d'

/** Installs what is missing, where this is Debian or Ubuntu and we are root; else tests that need it fail and say so. */
export function installDebianPackages(names: string[]): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  const missing = names.filter((name) => !existsSync(`/var/lib/dpkg/info/${name}.list`))
  if (missing.length === 0) return

  process.stderr.write(`Installing Debian packages for the tests: ${missing.join(', ')} …\n`)
  const isPolicyOurs = !existsSync(policy)
  if (isPolicyOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    apt('update')
    apt('install', '--yes', '--no-install-recommends', ...missing)
  } finally {
    if (isPolicyOurs) rmSync(policy)
  }
}

function apt(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')} failed.\n${stdout}${stderr}\n`)
}

/** Puts the files of a package and of what it needs into a folder, without installing it: for what conflicts with another. */
export function downloadDebianPackage(name: string, folder: string): void {
  const archives = `${folder}.archives`
  mkdirSync(`${archives}/partial`, { recursive: true })
  const download = () =>
    apt(
      'install',
      '--yes',
      '--no-install-recommends',
      '--download-only',
      '-o',
      `Dir::Cache::archives=${archives}/`,
      name,
    )
  download()
  if (globSync('*.deb', { cwd: archives }).length === 0) {
    apt('update')
    download()
  }
  mkdirSync(folder, { recursive: true })
  for (const file of globSync('*.deb', { cwd: archives }))
    spawnSync('dpkg-deb', ['--extract', join(archives, file), folder], { stdio: 'ignore' })
  rmSync(archives, { recursive: true })
}
