// Package ownfile tells a file with secrets that others may read.
package ownfile
