/** A form that makes a command. */
import { useForm, type FormValidateInput, type UseFormReturnType } from '@mantine/form'
import type { AnySchema, CallDefinition } from '#contracts/contract.ts'
import { CallError } from '#contracts/errors.ts'
import type { HttpInputOf, HttpOutputOf } from '#contracts/http-client.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand, type CommandOptions } from '#web/app/queries.ts'
import { failureText, fieldText } from './failure.ts'

type Command = CallDefinition<'command', AnySchema, AnySchema>
export type Values = Record<string, unknown>

interface CallFormOptions<Definition extends Command, Fields extends Values> extends Pick<
  CommandOptions<Definition>,
  'refreshes'
> {
  initialValues: Fields
  /** Texts of what is wrong, by field, before anything is sent. */
  validate?: FormValidateInput<Fields>
  /** The input of the command; the fields themselves unless stated. */
  inputOf?: (fields: Fields) => HttpInputOf<Definition>
  /** Field that an input's field is entered in, where it has another name. */
  fieldOf?: (path: string) => string
  onDone?: (output: HttpOutputOf<Definition>, fields: Fields) => void
}

export interface CallForm<Fields extends Values> {
  form: UseFormReturnType<Fields>
  /** For `<form onSubmit>`. */
  submit: (event?: React.FormEvent<HTMLFormElement>) => void
  isPending: boolean
  /** What concerns no field. */
  failure: string | undefined
  error: Error | null
}

/** What the server finds wrong with a field appears at that field, as does what `validate` finds. */
export function useCallForm<Definition extends Command, Fields extends Values>(
  definition: Definition,
  options: CallFormOptions<Definition, Fields>,
): CallForm<Fields> {
  const { initialValues, validate = {}, fieldOf = (path) => path, refreshes = [], onDone } = options
  const { inputOf = (fields) => fields as unknown as HttpInputOf<Definition> } = options
  const words = useWords()
  const form = useForm<Fields>({ initialValues, validate: validate as FormValidateInput<Fields> })
  const command = useCommand(definition, { refreshes })

  function send(fields: Fields): void {
    command.mutate(inputOf(fields), {
      onSuccess: (output) => onDone?.(output, fields),
      onError(error) {
        const wrong = errorsAtFields(error, fields)
        form.setErrors(Object.fromEntries(wrong))
        focusFirst(wrong.map(([name]) => name))
      },
    })
  }

  function errorsAtFields(error: Error, fields: Fields): [string, string][] {
    const all = error instanceof CallError ? (error.fields ?? []) : []
    return all
      .map((one): [string, string] => [fieldOf(one.path), fieldText(words, one)])
      .filter(([name]) => Object.hasOwn(fields, firstPart(name)))
  }

  const focusFirst = ([name]: string[]) => {
    if (name !== undefined) form.getInputNode(name)?.focus()
  }
  const isAtFields = command.error !== null && Object.keys(form.errors).length > 0
  const isSilent = command.error instanceof CallError && command.error.code === 'cancelled'
  return {
    form,
    submit: form.onSubmit(send, (errors) => focusFirst(Object.keys(errors))) as CallForm<Fields>['submit'],
    isPending: command.isPending,
    failure: command.error && !isAtFields && !isSilent ? failureText(words, command.error) : undefined,
    error: command.error,
  }
}

function firstPart(path: string): string {
  return path.split('.', 1)[0] ?? ''
}
