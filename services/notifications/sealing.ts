/** Variables and renderings at rest: they hold codes, links and what people are told. */
import type { z } from 'zod'
import type { Rendering } from '#contracts/notifications.ts'
import type { SecretBox } from '#platform/service.ts'

export type Variables = Readonly<Record<string, string | number | boolean>>
type Rendered = z.output<typeof Rendering>

export function sealVariables(secrets: SecretBox, id: string, variables: Variables): Buffer {
  return secrets.seal(JSON.stringify(variables), `variables of ${id}`)
}

/** Throws for what another key has sealed. */
export function openVariables(secrets: SecretBox, id: string, sealed: Buffer): Variables {
  return JSON.parse(secrets.open(sealed, `variables of ${id}`)) as Variables
}

export function sealRendering(secrets: SecretBox, id: string, rendering: Rendered): Buffer {
  return secrets.seal(JSON.stringify(rendering), `rendering of ${id}`)
}

/** Null for none, and for one that another key has sealed. */
export function openRendering(secrets: SecretBox, id: string, sealed: Buffer | null): Rendered | null {
  if (!sealed) return null
  try {
    return JSON.parse(secrets.open(sealed, `rendering of ${id}`)) as Rendered
  } catch {
    return null
  }
}
