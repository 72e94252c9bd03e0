package codesign_test

// A sample is a file of a language, and the program that says whether it still means what it meant.
type sample struct {
	name, content string
	// run is a command line whose output must be the same before and after signing; FILE stands for the file, DIR for
	// its folder. It is empty if nothing that is installed everywhere can tell.
	run string
	// needs is the program that run starts with, if it is not one that the tests install.
	needs string
}

// goList prints how the file is formatted, what its package doc is, and whether its build constraints let it in.
const goList = "gofmt -l FILE; go list -f '{{.Doc}} {{.GoFiles}} {{.IgnoredGoFiles}}' FILE"

var samples = []sample{
	{name: "plain.go", content: "// Package main says hello.\npackage main\n\nfunc main() { println(`// sigil-code: 1 not a header`) }\n", run: "go run FILE"},
	{name: "tagged.go", content: "//go:build !nothing\n\n// Package main says hello.\npackage main\n\nfunc main() { println(\"hello\") }\n", run: "go run FILE"},
	{name: "tag_and_licence.go", content: "// Copyright.\n\n//go:build ignore || !ignore\n// +build ignore !ignore\n\npackage main\n\nfunc main() { println(\"hello\") }\n", run: goList},
	{name: "windows_line_ends.go", content: "package main\r\n\r\nfunc main() { println(\"hello\") }\r\n", run: goList},
	{name: "no_final_newline.go", content: "package main\n\nfunc main() { println(\"hello\") }", run: goList},
	{name: "mark.go", content: "\xef\xbb\xbfpackage main\n\nfunc main() { println(\"hello\") }\n", run: goList},
	{name: "plain.js", content: "'use strict';\nconsole.log(this === undefined, (function () { return this })());\n", run: "node FILE"},
	{name: "module.mjs", content: "#!/usr/bin/env node\nimport { sep } from 'node:path';\nconsole.log(sep, import.meta !== undefined);\n", run: "node FILE"},
	{name: "docblock.js", content: "/**\n * @jest-environment jsdom\n */\nconsole.log(1);\n", run: "node FILE"},
	{name: "types.ts", content: "/// <reference lib=\"es2022\" />\nconst n: number = 1;\nexport { n };\n"},
	{name: "view.jsx", content: "export const View = () => <p>{/* a comment */}// text</p>;\n"},
	{name: "plain.py", content: "\"\"\"doc\"\"\"\nfrom __future__ import annotations\nprint(__doc__)\n", run: "python3 FILE"},
	{name: "coding.py", content: "#!/usr/bin/env python3\n# -*- coding: latin-1 -*-\nprint(len('\xe9'), ord('\xe9'))\n", run: "python3 FILE"},
	{name: "coding_second.py", content: "\n# vim: set fileencoding=latin-1 :\nprint(ord('\xe9'))\n", run: "python3 FILE"},
	{name: "string.py", content: "s = '''\n# sigil-code: 1 019add3c-2f7a-7c11-9d1e-0a4b5c6d7e8f\n'''\nprint(s)\n", run: "python3 FILE"},
	{name: "plain.rb", content: "# frozen_string_literal: true\n# encoding: utf-8\nputs 'x'.frozen?, __ENCODING__\n", run: "ruby FILE"},
	{name: "data.rb", content: "puts DATA.read\n__END__\nlast\n", run: "ruby FILE"},
	{name: "plain.pl", content: "#!/usr/bin/perl -w\nprint \"hello $^W\\n\";\n__END__\n=pod\n", run: "perl FILE"},
	{name: "script.sh", content: "#!/bin/sh -e\ncat <<'END'\n# signature: none\nEND\necho $-\n", run: "sh FILE"},
	{name: "no_extension", content: "#!/usr/bin/env bash\necho \"${BASH_SOURCE[0]##*/}\"\n", run: "bash FILE"},
	{name: "plain.c", content: "/* /* a comment */\n#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n", run: "gcc -std=c89 -pedantic-errors -o DIR/c FILE && DIR/c"},
	{name: "plain.cpp", content: "#include <cstdio>\nint main() { std::puts(\"hello\"); }\n", run: "g++ -Wall -Werror -o DIR/cpp FILE && DIR/cpp"},
	{name: "Plain.java", content: "/** Says hello. */\npublic class Plain { public static void main(String[] a) { System.out.println(\"hello\"); } }\n", run: "java FILE", needs: "java"},
	{name: "plain.rs", content: "#![allow(dead_code)]\n//! Says hello.\nfn main() { println!(\"hello\"); }\n", run: "rustc -o DIR/rs FILE && DIR/rs", needs: "rustc"},
	{name: "Plain.cs", content: "using System;\nConsole.WriteLine(1);\n"},
	{name: "plain.swift", content: "#!/usr/bin/swift\n/* outer /* nested */ still */\nprint(1)\n"},
	{name: "plain.kt", content: "/* outer /* nested */ still */\nfun main() = println(1)\n"},
	{name: "plain.sql", content: "CREATE TABLE t (a TEXT DEFAULT '-- no comment');\nINSERT INTO t DEFAULT VALUES;\nSELECT a FROM t;\n", run: "sqlite3 :memory: < FILE"},
	{name: "page.html", content: "<!DOCTYPE html>\n<html><head><title>t</title></head><body><!-- a --><p>x</p></body></html>\n", run: "xmllint --html --xpath //p FILE"},
	{name: "data.xml", content: "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<!DOCTYPE a>\n<a>\xe9</a>\n", run: "xmllint --xpath /a FILE"},
	{name: "one_line.svg", content: "<?xml version='1.0'?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", run: "xmllint --xpath '/*' FILE"},
	{name: "plain.css", content: "@charset \"iso-8859-15\";\na::before { content: \"/* no comment\"; }\n"},
	{name: "plain.yaml", content: "---\na: |\n  # text\nb: 1\n"},
	{name: "cloud.yml", content: "#cloud-config\npackages: [x]\n"},
	{name: "plain.toml", content: "[a]\nb = 1\n"},
	{name: "plain.ini", content: "[a]\nb=1\n", run: "python3 -c 'import configparser,sys; c=configparser.ConfigParser(); c.read(sys.argv[1]); print(c[\"a\"][\"b\"])' FILE"},
	{name: "plain.lua", content: "#!/usr/bin/lua\n--[[ a\n]] print('hello', debug.getinfo(1).what)\n", run: "lua5.4 FILE"},
	{name: "plain.hs", content: "{-# LANGUAGE LambdaCase #-}\n{- outer {- nested -} still -}\nmodule Main where\nmain = print 1\n"},
	{name: "Makefile", content: "all:\n\t@echo '# text' $(words a b)\n", run: "make -s -f FILE"},
	{name: "Dockerfile", content: "# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nCOPY a `\n  b\n"},
	{name: ".gitignore", content: "\n*.o\n!# not a comment\n", run: "git init -q . && touch a.o b && git status --short"},
	{name: "empty.py", content: "", run: "python3 FILE"},
	{name: "only_a_shebang.sh", content: "#!/bin/sh", run: "sh FILE"},
	{name: "mark_only.go", content: "\xef\xbb\xbf"},
	{name: "-- * --> coding: latin-1 é.py", content: "print(ord('é'))\n", run: "python3 FILE"},
}
