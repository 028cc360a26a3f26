/** Debian's Dovecot with LMTP alone: Maildirs below a folder, one user for all. */
import { chown, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { accepts, freePort, startServerProcess } from '#platform/testing/server-process.ts'
import { idOf } from '../../tests/mail/foreign/postfix.ts'

export interface Dovecot extends AsyncDisposable {
  port: number
  /** Messages in all mailboxes. */
  count(): Promise<number>
  /** Of everything it keeps on disk, rounded up to whole blocks as the file system has it, and without. */
  bytes(): Promise<{ apparent: number; allocated: number }>
}

export async function startDovecot(folder: string): Promise<Dovecot> {
  const owner = await idOf('nobody')
  const homes = join(folder, 'homes')
  const port = await freePort()
  await mkdir(homes, { recursive: true })
  await chown(homes, owner.uid, owner.gid)
  const file = join(folder, 'dovecot.conf')
  await writeFile(file, configuration(folder, homes, port, owner))
  const server = await startServerProcess({
    debianPackage: 'dovecot-lmtpd',
    command: 'dovecot',
    args: ['-F', '-c', file],
    isReady: () => accepts(port),
  })
  return {
    port,
    count: async () => {
      const users = await readdir(homes)
      const lists = await Promise.all(
        users.map((user) => readdir(join(homes, user, 'Maildir/new')).catch(() => [])),
      )
      return lists.reduce((sum, list) => sum + list.length, 0)
    },
    bytes: () => bytesBelow(homes),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Of files; folders are not counted. */
export async function bytesBelow(folder: string): Promise<{ apparent: number; allocated: number }> {
  const sum = { apparent: 0, allocated: 0 }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    sum.apparent += found?.size ?? 0
    sum.allocated += (found?.blocks ?? 0) * 512
  }
  return sum
}

function configuration(
  folder: string,
  homes: string,
  port: number,
  owner: { uid: number; gid: number },
): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
protocols = lmtp
ssl = no
listen = 127.0.0.1
default_process_limit = 100
first_valid_uid = 1
last_valid_uid = 70000
first_valid_gid = 1
mail_location = maildir:~/Maildir
# Nobody signs in; its user look-up does not start without one.
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${homes}/%n allow_all_users=yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
}
`
}
