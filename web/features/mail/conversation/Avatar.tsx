import { colorOf, initialOf } from '../list/row-text.ts'
import classes from './message.module.css'

/** The first letter of a name, on a colour of its address. */
export function Avatar({ name, address }: { name: string; address: string }) {
  return (
    <span className={classes.avatar} aria-hidden style={{ background: colorOf(address) }}>
      {initialOf(name)}
    </span>
  )
}
