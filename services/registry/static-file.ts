/** Instances of other people's services, written down in a file. */
import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { ForeignInstance } from '#contracts/registry.ts'
import type { Foreign } from './store/foreign.ts'

const StaticFile = z.strictObject({ instances: z.array(z.strictObject(ForeignInstance.shape)).max(10_000) })

/** Throws one error that names the file and everything wrong in it. */
export async function readStaticFile(path: string): Promise<Foreign[]> {
  const complain = (what: string): never => {
    throw new Error(`REGISTRY_FILE ${path}: ${what}`)
  }
  const text = await readFile(path, 'utf8').catch((error: Error) => complain(error.message))
  const parsed = StaticFile.safeParse(parseJson(text, complain))
  if (parsed.success) return parsed.data.instances
  return complain(z.prettifyError(parsed.error))
}

/** Changes with every writing of the file; undefined while there is none. */
export async function fileMark(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
    () => undefined,
  )
}

function parseJson(text: string, complain: (what: string) => never): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return complain((error as Error).message)
  }
}
