// Tests of the client.

import Testing
