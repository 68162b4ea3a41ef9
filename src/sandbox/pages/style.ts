/** The one style sheet of the sandbox; pages load nothing from elsewhere. */
export const STYLE = `
*{box-sizing:border-box}
body{margin:0;background:#f4f5f7;color:#1c2430;font:16px/1.5 system-ui,sans-serif}
.label{background:#7a2e0e;color:#fff;padding:.6rem 1rem;text-align:center;font-weight:600}
main{max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}
h2{font-size:1.05rem;margin:0}
form{margin:0 0 1rem}
p{margin:.25rem 0 1rem}
.who{color:#4a5565;margin:0;overflow-wrap:anywhere}
.cards{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr))}
.card{background:#fff;border:1px solid #d5dae1;border-radius:.6rem;padding:1.1rem}
.actions{display:flex;gap:.6rem;margin-top:1rem}
button{flex:1;min-height:2.75rem;padding:0 1rem;border-radius:.4rem;border:1px solid #1f4e8c;
background:#1f4e8c;color:#fff;font:inherit;font-weight:600;cursor:pointer}
button.deny{background:#fff;color:#1f4e8c}
button:hover{filter:brightness(1.08)}
button:focus-visible,a:focus-visible{outline:3px solid #e08a00;outline-offset:2px}
a{color:#1f4e8c}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:1rem 0;
font-size:.95rem}
dt{color:#4a5565}
dd{margin:0;overflow-wrap:anywhere}
code{font:.9em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}
@media (max-width:30rem){main{margin:1.25rem auto}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}
`
