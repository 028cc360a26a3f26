/** One field for six digits: pasting, one-time-code autofill and digits of any script work by themselves. */
import { TextInput, type TextInputProps } from '@mantine/core'
import classes from './code-input.module.css'

export interface CodeInputProps extends Omit<TextInputProps, 'onChange' | 'value'> {
  value: string
  onChange: (code: string) => void
  /** Once there are six. */
  onComplete?: (code: string) => void
}

export function CodeInput({ value, onChange, onComplete, ...props }: CodeInputProps) {
  function take(text: string): void {
    const digits = text.replaceAll(/[^\p{Nd}]/gu, '').slice(0, 6)
    onChange(digits)
    if (digits.length === 6 && digits !== value) onComplete?.(digits)
  }
  return (
    <TextInput
      inputMode="numeric"
      autoComplete="one-time-code"
      classNames={{ input: classes.digits! }}
      {...props}
      value={value}
      onChange={(event) => take(event.currentTarget.value)}
    />
  )
}
