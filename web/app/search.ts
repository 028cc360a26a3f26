/** What addresses of pages say after `?`. */

/** Search parameters that are texts; the others are dropped. */
export function texts<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): { [Key in Name]?: string } =>
    Object.fromEntries(names.flatMap((name) => (textOf(search[name]) ? [[name, search[name]]] : []))) as {
      [Key in Name]?: string
    }
}

const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
