// The OpenAPI 3.1 description, made from the route table itself.

import ControlPlane
import Primitives

enum OpenAPIDocument {
    static func json(_ routes: [Route], genesis: Genesis) -> JSON {
        var paths: [JSON.Member] = []
        for route in routes where !paths.contains(where: { $0.key == route.path }) {
            let same = routes.filter { $0.path == route.path }
            paths.append(
                JSON.Member(
                    route.path,
                    .object(same.map { JSON.Member($0.method.lowercased(), operation($0)) })))
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Althing", "version": "1",
                "description": .string("The control plane of \(genesis.name)."),
            ],
            "paths": .object(paths),
        ]
    }

    private static func operation(_ route: Route) -> JSON {
        let names = route.path.split(separator: "/").filter { $0.hasPrefix("{") }
        return [
            "summary": .string(route.summary),
            "parameters": .array(
                names.map { name in
                    [
                        "name": .string(String(name.dropFirst().dropLast())), "in": "path",
                        "required": true, "schema": ["type": "string"],
                    ]
                }),
            "responses": [
                "200": ["description": "done"],
                "default": ["description": "refused: `error` with a stable `code` and a sentence"],
            ],
        ]
    }
}
