import { TextInput, type TextInputProps } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { Search } from 'lucide-react'
import { useEffect, useState } from 'react'

export interface SearchInputProps extends Omit<TextInputProps, 'onChange' | 'value'> {
  value: string | undefined
  /** Once the typing rests. */
  onSearch: (text: string) => void
}

export function SearchInput({ value = '', onSearch, ...props }: SearchInputProps) {
  const [text, setText] = useState(value)
  const search = useDebouncedCallback(onSearch, 300)
  useEffect(() => setText(value), [value])
  return (
    <TextInput
      type="search"
      leftSection={<Search size={16} aria-hidden />}
      {...props}
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value)
        search(currentTarget.value)
      }}
    />
  )
}
