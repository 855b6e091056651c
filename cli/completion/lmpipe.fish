# fish completion for lmpipe: the program says what may stand at the cursor (cli/complete.c).
function __lmpipe_complete
    set -l words (commandline -opc)
    set -l typed (string unescape -- (commandline -ct))
    set -l ahead (string match -r -- '^--[a-z-]*=' $typed)
    set -l tail (string replace -r -- '^--[a-z-]*=' '' $typed)
    for line in ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$tail" | string replace -r '^' -- "$ahead"
            case ':folders'
                __fish_complete_directories "$tail" | string replace -r '^' -- "$ahead"
            case ':specs'
                __fish_complete_path "$tail" | string match -r -- '^.*(?:\.ya?ml|/)(?:\t.*)?$'
            case '*'
                echo $line
        end
    end
end
complete -c lmpipe -f -a '(__lmpipe_complete)'
