/**
 * Settings: the only place that reads the environment. A setting is looked for in `/vault/secrets/NAME`,
 * then in the file that `NAME_FILE` names, then in the variable `NAME`; else it has its default.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Limit } from './limits/limits.ts'

export interface Setting<T = unknown> {
  /** Reads the text form. */
  schema: z.ZodType<T>
  /** Undefined: the setting is optional and has no value. A function sees the settings already read. */
  default: T | undefined
  /** One sentence. */
  description: string
  /** Never printed; in production refused from a plain environment variable. */
  isSecret: boolean
  /** What `--settings` shows as the default where it is decided at start. */
  defaultText?: string | undefined
}

export type Settings = Record<string, Setting>

export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never
}

type Given<T> = { default: T; defaultText?: string; secret?: boolean }
type Optional = { default?: undefined; defaultText?: string; secret?: boolean }

export function text(description: string, options: Given<string>): Setting<string>
export function text(description: string, options?: Optional): Setting<string | undefined>
export function text(
  description: string,
  options: Given<string> | Optional = {},
): Setting<string | undefined> {
  return setting(z.string(), description, options)
}

export function integer(
  description: string,
  options: Given<number> & { min?: number; max?: number },
): Setting<number>
export function integer(
  description: string,
  options: Optional & { min?: number; max?: number },
): Setting<number | undefined>
export function integer(
  description: string,
  options: (Given<number> | Optional) & { min?: number; max?: number },
): Setting<number | undefined> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options
  return setting(z.coerce.number().int().min(min).max(max), description, options)
}

export function flag(description: string, options: Given<boolean>): Setting<boolean> {
  return setting(z.stringbool(), description, options) as Setting<boolean>
}

export function choice<const T extends string>(
  values: readonly [T, ...T[]],
  description: string,
  options: Given<NoInfer<T>>,
): Setting<T> {
  return setting(z.enum(values), description, options) as Setting<T>
}

/** `100/15m`, `5/30s`, `1000/1h`; undefined for `none`. */
export function rate(description: string, options: { default: string }): Setting<Limit | undefined> {
  const schema = z
    .string()
    .regex(/^(none|[1-9]\d{0,8}\/[1-9]\d{0,4}[smh])$/, 'is like 100/15m, or none')
    .transform(readRate)
  return setting<Limit | undefined>(schema, description, {
    default: readRate(options.default),
    defaultText: options.default,
  })
}

/** Undefined for what is none. */
export function readRate(text: string): Limit | undefined {
  const [, uses, length, unit] = /^(\d+)\/(\d+)([smh])$/.exec(text) ?? []
  if (unit === undefined) return undefined
  return { uses: Number(uses), windowMs: Number(length) * { s: 1_000, m: 60_000, h: 3_600_000 }[unit as 's'] }
}

/** Docker, Podman and Kubernetes each leave one of these. A container's own loopback reaches nobody. */
const isContainer = ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'].some((path) =>
  existsSync(path),
)

/** Where a server that others should reach listens unless told: in a container everywhere, else on this machine only. */
export const listeningHost = {
  default: isContainer ? '0.0.0.0' : '127.0.0.1',
  defaultText: '127.0.0.1 (0.0.0.0 in a container)',
}

/** One value as it was found, for `--settings`. */
export interface FoundSetting {
  name: string
  description: string
  source: 'default' | 'environment' | 'file' | 'vault'
  /** What to print; secrets show as `(set)`. */
  shown: string
}

export interface SettingSources {
  environment: Record<string, string | undefined>
  vaultDirectory: string
}

const realSources: SettingSources = { environment: process.env, vaultDirectory: '/vault/secrets' }

/** Thrown once with everything that is wrong. */
class SettingsError extends Error {
  override name = 'SettingsError'
}

/** Reads all settings. Throws one `SettingsError` that lists everything wrong. */
export function readSettings<S extends Settings>(
  settings: S,
  sources: SettingSources = realSources,
): { values: SettingValues<S>; found: FoundSetting[] } {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  const found = Object.entries(settings).map(([name, setting]): FoundSetting => {
    const raw = findRaw(name, setting, sources, problems)
    if (raw === undefined) {
      values[name] = setting.default
      const shown =
        setting.defaultText ?? (setting.default === undefined ? '(none)' : String(setting.default))
      return { name, description: setting.description, source: 'default', shown }
    }
    const parsed = setting.schema.safeParse(raw.text)
    if (parsed.success) values[name] = parsed.data
    else problems.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join('; ')}`)
    const shown = setting.isSecret ? '(set)' : raw.text
    return { name, description: setting.description, source: raw.source, shown }
  })
  if (problems.length > 0) throw new SettingsError(problems.join('\n'))
  return { values: values as SettingValues<S>, found }
}

function setting<T>(
  schema: z.ZodType<T>,
  description: string,
  options: { default?: T | undefined; defaultText?: string; secret?: boolean },
): Setting<T | undefined> {
  return {
    schema,
    description,
    default: options.default,
    defaultText: options.defaultText,
    isSecret: options.secret ?? false,
  }
}

function findRaw(
  name: string,
  setting: Setting,
  { environment, vaultDirectory }: SettingSources,
  problems: string[],
): { text: string; source: FoundSetting['source'] } | undefined {
  const vault = readIfThere(join(vaultDirectory, name), problems)
  if (vault !== undefined) return { text: vault, source: 'vault' }
  const path = environment[`${name}_FILE`]
  if (path !== undefined && path !== '') {
    const file = readIfThere(path, problems)
    if (file === undefined) problems.push(`${name}_FILE: no file at ${path}`)
    else return { text: file, source: 'file' }
  }
  const variable = environment[name]
  if (variable === undefined || variable === '') return undefined
  if (setting.isSecret && environment.NODE_ENV === 'production')
    problems.push(`${name}: a secret; in production give it as ${vaultDirectory}/${name} or by ${name}_FILE`)
  return { text: variable, source: 'environment' }
}

function readIfThere(path: string, problems: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(message)
    return undefined
  }
}
