/** The postbox: our mark. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <rect width="64" height="64" rx="14" fill="#006a4e" />
      <path d="M18 52V27a14 14 0 0 1 28 0v25z" fill="#fff" />
      <path d="M13 52h38" stroke="#fff" strokeWidth="4" strokeLinecap="round" />
      <path d="M24 28h16" stroke="#006a4e" strokeWidth="4" strokeLinecap="round" />
      <path d="M26 37h12v8H26z" fill="#f42a41" />
    </svg>
  )
}
