// Runs one piece of JavaScript (stdin) against Backendless' own SDK, and prints what it returned or threw as JSON.
// Arguments: folder of the SDK, the server's URL, application id, API key.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')

const [folder, url, appId, apiKey] = process.argv.slice(2)
const Backendless = createRequire(`${folder}/`)('backendless')
const AsyncFunction = (async () => {}).constructor

Backendless.serverURL = url
Backendless.initApp(appId, apiKey)

new AsyncFunction('Backendless', readFileSync(0, 'utf8'))(Backendless).then(
  result => ({ result }),
  error => ({ error: { code: error.code, message: error.message, status: error.status } })
).then(outcome => {
  process.stdout.write(JSON.stringify(outcome), () => process.exit(0))
})
