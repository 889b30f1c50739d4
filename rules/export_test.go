package rules

// What the tests of the compiled catalog need.
var (
	ReadBuiltIn      = readBuiltIn
	ReadDir          = readDir
	ReadTranslations = readTranslations
)
