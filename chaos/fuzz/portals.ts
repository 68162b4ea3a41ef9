const portal = (id: string) => ({
  id,
  name: `Portal ${id}`,
  returnUrl: `http://localhost:3999/${id}/return`,
  reconnectUrl: `http://localhost:3999/${id}/connect`,
})

/** Who calls; who has what must not be reached; and whose keys are made and ended all the time. */
export const PORTALS = {
  own: portal('acme-console'),
  other: portal('borealis'),
  scratch: portal('scratch'),
} as const
